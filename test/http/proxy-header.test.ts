import { describe, expect, test } from 'vitest'
import { crc32c } from '../../src/http/private/crc32c.ts'
import { LONGEST_HEADER_BYTES, readProxyHeader } from '../../src/http/private/proxy-header.ts'
import {
  addressesOf,
  ENDPOINT,
  endpointExtra,
  extra,
  headerOf,
  LOCAL_HEADER,
  rawHeader,
  SIGNATURE,
  withChecksum,
} from '../support/proxy-header.ts'

/** The example of a connection through an endpoint that AWS publishes, with its checksum ("Network Load Balancers", Proxy protocol). */
const OF_AWS = Buffer.concat([
  Buffer.from(`${SIGNATURE}21110054ac1f0771ac1f0a1fc8f20050030004e8d6892d`, 'hex'),
  endpointExtra('vpce-08d2bf15fac5001c9'),
  extra(0x04, Buffer.alloc(36)),
])
const NONE = Buffer.alloc(0)
const refusal = (bytes: Buffer) => {
  const read = readProxyHeader(bytes)
  return read.is === 'refused' ? read.because : read.is
}

test('the example that AWS publishes is read, its checksum compared', () => {
  expect(readProxyHeader(OF_AWS)).toEqual({
    is: 'proxied',
    length: 100,
    address: '172.31.7.113',
    endpointId: 'vpce-08d2bf15fac5001c9',
  })
})

test('the checksum is CRC32c, by the values that RFC 3720 and the usual check string have', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, at) => at)))).toBe(0x46dd794e)
})

test('client addresses are read in both families, IPv6 in its one spelling', () => {
  for (const address of ['10.0.0.5', '255.255.255.255', 'fd00:ec2::23', '2001:db8::', '::1']) {
    const header = headerOf({ address })
    expect(readProxyHeader(header)).toEqual({
      is: 'proxied',
      length: header.length,
      address,
      endpointId: ENDPOINT,
    })
  }
})

test('an endpoint is named by 8 or 17 hex digits, and other things that AWS may add say nothing', () => {
  for (const id of ['vpce-01234567', ENDPOINT]) {
    const extras = [extra(0x04, Buffer.alloc(7)), endpointExtra(id), extra(0xea, '\x02vpc'), extra(0xe0, 'x')]
    expect(readProxyHeader(rawHeader({ extras }))).toMatchObject({ endpointId: id })
  }
  expect(readProxyHeader(headerOf({ endpoint: null }))).toMatchObject({ is: 'proxied', endpointId: null })
  expect(readProxyHeader(rawHeader({ extras: [extra(0xea, '')] }))).toMatchObject({ endpointId: null })
})

test('what is passed on without an address has none, and keeps its endpoint', () => {
  const header = rawHeader({ transport: 0x00, addresses: NONE, extras: [endpointExtra(ENDPOINT)] })
  expect(readProxyHeader(header)).toMatchObject({ is: 'proxied', address: null, endpointId: ENDPOINT })
})

test('a load balancer that speaks for itself is taken as that, whatever stands in its header', () => {
  expect(readProxyHeader(LOCAL_HEADER)).toEqual({ is: 'local', length: 16 })
  const odd = rawHeader({
    command: 0x20,
    transport: 0x31,
    addresses: Buffer.alloc(5),
    extras: [endpointExtra(ENDPOINT)],
  })
  expect(readProxyHeader(odd)).toEqual({ is: 'local', length: odd.length })
})

test('a header that has not come in whole is waited for, at each of its bytes', () => {
  for (const header of [OF_AWS, LOCAL_HEADER, headerOf({ address: '::1' })]) {
    for (let have = 0; have < header.length; have += 1) {
      expect(readProxyHeader(header.subarray(0, have))).toEqual({ is: 'partial' })
    }
  }
})

test('what follows a header is no part of it, be it another header', () => {
  const [mine, forged] = [headerOf(), headerOf({ address: '192.0.2.1', endpoint: 'vpce-0ffffffffffffffff' })]
  const read = readProxyHeader(Buffer.concat([mine, forged, Buffer.from('GET / HTTP/1.1\r\n')]))
  expect(read).toEqual({ is: 'proxied', length: mine.length, address: '10.0.0.5', endpointId: ENDPOINT })
})

describe('refused', () => {
  test.each([
    ['a request', Buffer.from('GET /v1/resource HTTP/1.1\r\n')],
    ['a header of version 1', Buffer.from('PROXY TCP4 10.0.0.5 10.9.9.9 51442 443\r\n')],
    ['the beginning of TLS', Buffer.from('16030100c8010000c4', 'hex')],
    ['one wrong byte in the signature', Buffer.from(`${SIGNATURE.slice(0, -2)}0b21110000`, 'hex')],
    ['one wrong byte at once', Buffer.from('0d0b', 'hex')],
    ['zeros', Buffer.alloc(64)],
  ])('%s is no header', (_what, bytes) => {
    expect(refusal(bytes)).toBe('no-header')
  })

  test('every version and command but the two that there are', () => {
    for (let command = 0; command < 256; command += 1) {
      if (command !== 0x20 && command !== 0x21) expect(refusal(rawHeader({ command }))).toBe('version')
    }
  })

  test('every family and transport but TCP and none', () => {
    for (let transport = 0; transport < 256; transport += 1) {
      if ([0x00, 0x11, 0x21].includes(transport)) continue
      const header = rawHeader({ transport, addresses: Buffer.alloc(216) })
      expect(refusal(header)).toBe('transport')
    }
  })

  test('what is longer than anybody needs, as soon as it says so', () => {
    expect(refusal(rawHeader({ length: LONGEST_HEADER_BYTES - 16 + 1 }).subarray(0, 16))).toBe('too-long')
    expect(refusal(rawHeader({ length: 0xffff }))).toBe('too-long')
    const longest = rawHeader({ extras: [extra(0x04, Buffer.alloc(LONGEST_HEADER_BYTES - 16 - 12 - 3))] })
    expect(longest).toHaveLength(LONGEST_HEADER_BYTES)
    expect(refusal(longest)).toBe('proxied')
  })

  test('parts that do not fit in', () => {
    const short = (address: string, transport: number) =>
      rawHeader({ transport, addresses: addressesOf(address).subarray(1) })
    expect(refusal(short('10.0.0.5', 0x11))).toBe('malformed')
    expect(refusal(short('::1', 0x21))).toBe('malformed')
    const whole = endpointExtra(ENDPOINT)
    for (let cut = 1; cut < whole.length; cut += 1) {
      expect(refusal(rawHeader({ extras: [whole.subarray(0, cut)] }))).toBe('malformed')
    }
  })

  test('any byte that was changed under a checksum', () => {
    for (let at = 16; at < OF_AWS.length; at += 1) {
      const changed = Buffer.from(OF_AWS)
      changed.writeUInt8((changed[at] ?? 0) ^ 0x01, at)
      // A changed type or length of a TLV makes it another TLV.
      expect(['checksum', 'malformed', 'proxied'], String(at)).toContain(refusal(changed))
      const hidesTheChecksum = at === 28
      if (!hidesTheChecksum) expect(refusal(changed), String(at)).not.toBe('proxied')
    }
  })

  test('two checksums, and one of another length', () => {
    const right = withChecksum({ extras: [extra(0x03, Buffer.alloc(4))] })
    expect(refusal(right)).toBe('checksum')
    expect(refusal(rawHeader({ extras: [extra(0x03, Buffer.alloc(3))] }))).toBe('checksum')
  })

  test('an endpoint that is none, and more than one', () => {
    for (const id of [
      '',
      'vpce-',
      'vpce-0123456',
      `${ENDPOINT}0`,
      ENDPOINT.toUpperCase(),
      `${ENDPOINT}\n`,
      'vpce-01234567; x',
      'i-01234567',
    ]) {
      expect(refusal(rawHeader({ extras: [endpointExtra(id)] })), id).toBe('endpoint')
    }
    const twice = [endpointExtra(ENDPOINT), endpointExtra(ENDPOINT)]
    expect(refusal(rawHeader({ extras: twice }))).toBe('endpoint')
  })
})

test('no bytes make it throw, and no header is longer than what is there', () => {
  let seed = 1
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = Buffer.from(round % 2 ? OF_AWS : headerOf({ address: 'fd00::1' }))
    for (let change = 0; change <= next(4); change += 1) bytes.writeUInt8(next(256), next(bytes.length))
    const some = bytes.subarray(0, next(bytes.length + 1))
    const read = readProxyHeader(some)
    if ('length' in read) expect(read.length).toBeLessThanOrEqual(some.length)
  }
})
