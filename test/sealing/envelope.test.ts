import { createCipheriv, webcrypto } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { SecurekeyError } from '../../src/domain/errors.ts'
import { createSealingKey, openBytes, type Place, sealBytes } from '../../src/sealing/envelope.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const OTHER = 'fedcba98-7654-3210-fedc-ba9876543210'
const PLACE: Place = { resourceId: RESOURCE, column: 'sealed', version: 3 }
/** The additional data of that place, as docs/sealed-values.md has it. */
const BOUND = `securekey 1 ${RESOURCE} sealed 3`
const SECRET = 'the secret text, 24 long'

const keyBytes = Uint8Array.from(seededBytes('dek')(32))
const key = createSealingKey(keyBytes)
const plaintext = new TextEncoder().encode(SECRET)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** AES-GCM by another library, WebCrypto, with the parts in the order in which a sealed value has them. */
const { subtle } = webcrypto
const theirKey = await subtle.importKey('raw', keyBytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
const parameters = (nonce: Uint8Array<ArrayBuffer>, bound = BOUND) => {
  return { name: 'AES-GCM', iv: nonce, additionalData: Buffer.from(bound), tagLength: 128 }
}

async function openedByThem(sealed: Buffer): Promise<Buffer> {
  const bytes = Uint8Array.from(sealed)
  const opened = await subtle.decrypt(parameters(bytes.slice(1, 13)), theirKey, bytes.slice(13))
  return Buffer.from(opened)
}

async function sealedByThem(text: Uint8Array, { format = 1, bound = BOUND } = {}): Promise<Buffer> {
  const nonce = webcrypto.getRandomValues(new Uint8Array(12))
  const encrypted = await subtle.encrypt(parameters(nonce, bound), theirKey, Uint8Array.from(text))
  return Buffer.concat([Buffer.from([format]), nonce, Buffer.from(encrypted)])
}

/** The error with which a sealed value is refused. */
function refusal(opening: () => unknown): SecurekeyError {
  try {
    opening()
  } catch (error) {
    if (error instanceof SecurekeyError) return error
    throw error
  }
  throw new Error('it opened')
}

describe('interoperability', () => {
  test('a value sealed here is format, nonce, ciphertext and tag, and another library opens it for its place', async () => {
    const sealed = sealBytes(key, PLACE, plaintext)
    expect(sealed[0]).toBe(1)
    expect(sealed).toHaveLength(1 + 12 + plaintext.length + 16)
    expect(textOf(await openedByThem(sealed))).toBe(SECRET)
  })

  test('a value that another library sealed for the same place opens here', async () => {
    expect(textOf(openBytes(key, PLACE, await sealedByThem(plaintext)))).toBe(SECRET)
  })

  test('texts of every length up to 200 bytes go from here to another library and from there to here', async () => {
    for (let length = 0; length <= 200; length += 1) {
      const text = seededBytes(`text ${length}`)(length)
      expect((await openedByThem(sealBytes(key, PLACE, text))).equals(text)).toBe(true)
      expect(openBytes(key, PLACE, await sealedByThem(text)).equals(text)).toBe(true)
    }
  })

  test('no two values have the same nonce, though the text is the same', () => {
    const values = Array.from({ length: 100 }, () => sealBytes(key, PLACE, plaintext))
    const nonces = values.map((sealed) => sealed.toString('hex', 1, 13))
    expect(new Set(nonces).size).toBe(100)
  })

  test('an empty text is sealed and opened like any other', () => {
    expect(textOf(openBytes(key, PLACE, sealBytes(key, PLACE, new Uint8Array())))).toBe('')
  })

  test('a value that is cut out of a larger buffer opens like any other', () => {
    const sealed = sealBytes(key, PLACE, plaintext)
    const around = Buffer.concat([Buffer.from('before'), sealed, Buffer.from('behind')])
    expect(textOf(openBytes(key, PLACE, around.subarray(6, 6 + sealed.length)))).toBe(SECRET)
  })
})

describe('a value that was copied elsewhere does not open', () => {
  test.each([
    ['to another resource', { ...PLACE, resourceId: OTHER }],
    ['to another column', { ...PLACE, column: 'sealed_code' }],
    ['to another version', { ...PLACE, version: 4 }],
    ['to a place without a version', { resourceId: RESOURCE, column: 'sealed' }],
  ])('%s', (_where, place) => {
    const sealed = sealBytes(key, PLACE, plaintext)
    const error = refusal(() => openBytes(key, place, sealed))
    expect(error.code).toBe('sealed-value-unreadable')
    expect(error.detail).toContain('another place')
  })
})

describe('a value that was altered does not open', () => {
  test('one bit anywhere: in the format, the nonce, the ciphertext or the tag', () => {
    const sealed = sealBytes(key, PLACE, plaintext)
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const altered = Buffer.from(sealed)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(refusal(() => openBytes(key, PLACE, altered)).code).toBe('sealed-value-unreadable')
    }
  })

  test('one byte less or more, at its beginning or its end', () => {
    const sealed = sealBytes(key, PLACE, plaintext)
    const one = Buffer.from([1])
    const altered = [
      sealed.subarray(1),
      sealed.subarray(0, -1),
      Buffer.concat([one, sealed]),
      Buffer.concat([sealed, one]),
    ]
    for (const value of altered) refusal(() => openBytes(key, PLACE, value))
  })

  test('a tag that is cut short, by any number of bytes', () => {
    const sealed = sealBytes(key, PLACE, plaintext)
    for (let length = 0; length < sealed.length; length += 1) {
      const error = refusal(() => openBytes(key, PLACE, sealed.subarray(0, length)))
      if (length > 0 && length < 1 + 12 + 16) expect(error.detail).toContain('it is too short')
    }
  })

  test.each([0, 2, 123, 255])('format %i, although sealed with our own key for it', async (format) => {
    const sealed = await sealedByThem(plaintext, { format, bound: BOUND.replace('1', String(format)) })
    const error = refusal(() => openBytes(key, PLACE, sealed))
    expect(error.detail).toContain(`its format is ${format}, not 1`)
  })

  test('another format than the one for which it was sealed, although the first byte was exchanged', async () => {
    const sealed = await sealedByThem(plaintext, { bound: BOUND.replace('1', '2') })
    refusal(() => openBytes(key, PLACE, sealed))
  })

  test('the parts of two values put together', () => {
    const [one, two] = [1, 2].map(() => sealBytes(key, PLACE, plaintext)) as [Buffer, Buffer]
    for (const cut of [13, one.length - 16]) {
      refusal(() => openBytes(key, PLACE, Buffer.concat([one.subarray(0, cut), two.subarray(cut)])))
    }
  })

  test.each(['', 'plain text', '\u0001', `\u0001${'A'.repeat(27)}`, `\u0001${'A'.repeat(60)}`])(
    'nonsense: %o',
    (text) => {
      refusal(() => openBytes(key, PLACE, Buffer.from(text)))
    },
  )

  test('a value of another algorithm than the agreed one, although with our own key', () => {
    const nonce = seededBytes('nonce')(12)
    const cipher = createCipheriv('chacha20-poly1305', keyBytes, nonce, { authTagLength: 16 })
    cipher.setAAD(Buffer.from(BOUND), { plaintextLength: plaintext.length })
    const parts = [Buffer.from([1]), nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]
    refusal(() => openBytes(key, PLACE, Buffer.concat(parts)))
  })
})

describe('the key', () => {
  test('another key opens nothing', () => {
    const other = createSealingKey(Uint8Array.from(seededBytes('other')(32)))
    const error = refusal(() => openBytes(other, PLACE, sealBytes(key, PLACE, plaintext)))
    expect(error.detail).toContain('wrong sealing key')
  })

  test('it cannot be taken out again, nor seen in a dump of the object', () => {
    const seen = inspect(key, { depth: null, showHidden: true }) + JSON.stringify(key)
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      expect(seen).not.toContain(Buffer.from(keyBytes).toString(encoding))
    }
    expect(Object.keys(key)).toEqual(['cipher', 'decipher'])
    expect(key).not.toHaveProperty('export')
  })

  test('it does not change with the bytes that it was made of', () => {
    const bytes = Uint8Array.from(keyBytes)
    const copy = createSealingKey(bytes)
    bytes.fill(0)
    expect(textOf(openBytes(copy, PLACE, sealBytes(key, PLACE, plaintext)))).toBe(SECRET)
  })

  test.each([0, 16, 31, 33])('%i bytes are refused', (length) => {
    expect(() => createSealingKey(new Uint8Array(length))).toThrow(RangeError)
  })
})

test('the refusal tells the place, and neither text, key nor sealed value', () => {
  const sealed = sealBytes(key, PLACE, plaintext)
  const error = refusal(() => openBytes(key, { ...PLACE, version: 4 }, sealed))
  const told = JSON.stringify([error.message, error.detail, error.stack, String(error.cause)])
  expect(told).toContain(RESOURCE)
  for (const encoding of ['hex', 'base64', 'latin1'] as const) {
    for (const secret of [Buffer.from(SECRET), sealed, Buffer.from(keyBytes)]) {
      expect(told).not.toContain(secret.toString(encoding))
    }
  }
})
