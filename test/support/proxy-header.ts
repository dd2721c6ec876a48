import { isIPv6 } from 'node:net'
import { crc32c } from '../../src/http/private/crc32c.ts'

export const SIGNATURE = '0d0a0d0a000d0a515549540a'
export const ENDPOINT = 'vpce-01c87ae3c05563935'

/** A TLV as it stands in a header. */
export function extra(type: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value)
  const head = Buffer.alloc(3)
  head.writeUInt8(type)
  head.writeUInt16BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

export const endpointExtra = (id: string) => extra(0xea, `\x01${id}`)

/** A header from its parts, with a length that fits unless one is given. */
export function rawHeader(parts: {
  command?: number
  transport?: number
  addresses?: Buffer
  extras?: Buffer[]
  length?: number
}): Buffer {
  const rest = Buffer.concat([parts.addresses ?? addressesOf('10.0.0.5'), ...(parts.extras ?? [])])
  const fixed = Buffer.alloc(4)
  fixed.writeUInt8(parts.command ?? 0x21)
  fixed.writeUInt8(parts.transport ?? 0x11, 1)
  fixed.writeUInt16BE(parts.length ?? rest.length, 2)
  return Buffer.concat([Buffer.from(SIGNATURE, 'hex'), fixed, rest])
}

/** The address block of a client on port 51442 that came to 10.9.9.9 or its like, port 443. */
export function addressesOf(address: string): Buffer {
  const [source, target] = [address, isIPv6(address) ? 'fd00::9' : '10.9.9.9'].map(bytesOf)
  return Buffer.concat(
    [source ?? '', target ?? '', Buffer.from('c8f201bb', 'hex')].map((each) => Buffer.from(each)),
  )
}

function bytesOf(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(head), groups(tail)]
  const all = [...before, ...new Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** What a Network Load Balancer writes in front of a connection that came through an endpoint, its checksum included. */
export function headerOf({
  address = '10.0.0.5',
  endpoint = ENDPOINT,
}: {
  address?: string
  endpoint?: string | null
} = {}): Buffer {
  return withChecksum({
    transport: isIPv6(address) ? 0x21 : 0x11,
    addresses: addressesOf(address),
    extras: endpoint === null ? [] : [endpointExtra(endpoint)],
  })
}

/** The same with the checksum of what it says. */
export function withChecksum(parts: Parameters<typeof rawHeader>[0]): Buffer {
  const blank = rawHeader({ ...parts, extras: [extra(0x03, Buffer.alloc(4)), ...(parts.extras ?? [])] })
  blank.writeUInt32BE(crc32c(blank), 16 + (parts.addresses?.length ?? 12) + 3)
  return blank
}

/** What it writes in front of its own health checks. */
export const LOCAL_HEADER = rawHeader({ command: 0x20, transport: 0x00, addresses: Buffer.alloc(0) })
