import { inspect } from 'node:util'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { SecurekeyError } from '../../src/domain/errors.ts'
import { createJweKey } from '../../src/sealing/compact-jwe.ts'
import { createSealingKey, openBytes, type Place, sealBytes } from '../../src/sealing/envelope.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const OTHER = 'fedcba98-7654-3210-fedc-ba9876543210'
const PLACE: Place = { resourceId: RESOURCE, column: 'sealed_key', version: 3 }
const HEADER = { alg: 'dir', enc: 'A256GCM', kid: 'dek', res: RESOURCE, col: 'sealed_key', ver: 3 }
const SECRET = 'the secret text, 24 long'

const keyBytes = Uint8Array.from(seededBytes('dek')(32))
const key = createSealingKey('dek', keyBytes)
const plaintext = new TextEncoder().encode(SECRET)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

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
  test('a value sealed here is a compact JWE that jose opens, and its header says where it belongs', async () => {
    const sealed = sealBytes(key, PLACE, plaintext)
    expect(decodeProtectedHeader(sealed)).toEqual(HEADER)
    expect(textOf((await compactDecrypt(sealed, keyBytes)).plaintext)).toBe(SECRET)
  })

  test('a compact JWE that jose made for the same place opens here', async () => {
    const sealed = await new CompactEncrypt(plaintext).setProtectedHeader(HEADER).encrypt(keyBytes)
    expect(textOf(openBytes(key, PLACE, sealed))).toBe(SECRET)
  })

  test('texts of every length up to 200 bytes go from here to jose and from jose to here', async () => {
    for (let length = 0; length <= 200; length += 1) {
      const text = seededBytes(`text ${length}`)(length)
      const there = await compactDecrypt(sealBytes(key, PLACE, text), keyBytes)
      expect(Buffer.from(there.plaintext).equals(text)).toBe(true)
      const here = await new CompactEncrypt(text).setProtectedHeader(HEADER).encrypt(keyBytes)
      expect(Buffer.from(openBytes(key, PLACE, here)).equals(text)).toBe(true)
    }
  })

  test('no two values have the same initialisation vector, though the text is the same', async () => {
    const values = Array.from({ length: 100 }, () => sealBytes(key, PLACE, plaintext))
    const vectors = values.map((sealed) => sealed.split('.')[2])
    expect(new Set(vectors).size).toBe(100)
  })

  test('an empty text is sealed and opened like any other', async () => {
    expect(textOf(openBytes(key, PLACE, sealBytes(key, PLACE, new Uint8Array())))).toBe('')
  })
})

describe('a value that was copied elsewhere does not open', () => {
  test.each([
    ['to another resource', { ...PLACE, resourceId: OTHER }],
    ['to another column', { ...PLACE, column: 'sealed_code' }],
    ['to another version', { ...PLACE, version: 4 }],
    ['to a place without a version', { resourceId: RESOURCE, column: 'sealed_key' }],
  ])('%s', async (_where, place) => {
    const sealed = sealBytes(key, PLACE, plaintext)
    const error = refusal(() => openBytes(key, place, sealed))
    expect(error.code).toBe('sealed-value-unreadable')
    expect(error.detail).toContain('another place')
  })

  test('under a key with the same bytes and another id', async () => {
    const renamed = createSealingKey('other', keyBytes)
    expect(refusal(() => openBytes(renamed, PLACE, sealBytes(key, PLACE, plaintext))).code).toBe(
      'sealed-value-unreadable',
    )
  })
})

/** The same bytes, spelled with other spare bits in the last character: base64url has four of them in 16 bytes. */
function otherSpareBits(part: string): string {
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const other = part.slice(0, -1) + (signs[signs.indexOf(part.at(-1) ?? '') ^ 1] ?? '')
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(part, 'base64url'))
  return other
}

describe('a value that was altered does not open', () => {
  test.each([
    ['the header', 0],
    ['the place of the encrypted key', 1],
    ['the initialisation vector', 2],
    ['the ciphertext', 3],
    ['the tag', 4],
  ])('one character in %s', async (_part, index) => {
    const parts = sealBytes(key, PLACE, plaintext).split('.')
    const part = parts[index] ?? ''
    parts[index] = (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
    refusal(() => openBytes(key, PLACE, parts.join('.')))
  })

  test('the whole header exchanged for one that names another place', async () => {
    const parts = sealBytes(key, PLACE, plaintext).split('.')
    parts[0] = Buffer.from(JSON.stringify({ ...HEADER, ver: 4 })).toString('base64url')
    refusal(() => openBytes(key, { ...PLACE, version: 4 }, parts.join('.')))
  })

  test.each(['', 'plain text', 'a.b.c', '....', 'a.b.c.d.e'])('nonsense: %o', async (sealed) => {
    refusal(() => openBytes(key, PLACE, sealed))
  })

  test.each([
    ['a tag cut short', (parts: string[]) => parts.with(4, parts[4]?.slice(0, 16) ?? '')],
    ['a shorter initialisation vector', (parts: string[]) => parts.with(2, parts[2]?.slice(0, 8) ?? '')],
    ['a part too many', (parts: string[]) => [...parts, '']],
    ['a sign that is no base64url', (parts: string[]) => parts.with(3, `${parts[3]}=`)],
    ['a stray sign at the end of the ciphertext', (parts: string[]) => parts.with(3, `${parts[3]}A`)],
    ['other spare bits in the tag', (parts: string[]) => parts.with(4, otherSpareBits(parts[4] ?? ''))],
    ['a line break at the end', (parts: string[]) => parts.with(4, `${parts[4]}\n`)],
  ])('%s', (_what, change) => {
    const parts = change(sealBytes(key, PLACE, plaintext).split('.'))
    refusal(() => openBytes(key, PLACE, parts.join('.')))
  })

  test.each([{ crit: ['exp'], exp: 1 }, { zip: 'DEF' }])(
    'an extension that is not agreed, although sealed with our own key: %o',
    async (extension) => {
      const header = { ...HEADER, ...extension }
      const sealed = createJweKey(keyBytes).encrypt(header, plaintext)
      expect(refusal(() => openBytes(key, PLACE, sealed)).code).toBe('sealed-value-unreadable')
    },
  )

  test('another length of key in the header, although it opens with ours', () => {
    const sealed = createJweKey(keyBytes).encrypt({ ...HEADER, enc: 'A128GCM' }, plaintext)
    refusal(() => openBytes(key, PLACE, sealed))
  })

  test('a value wrapped by another algorithm than the agreed one, although with our own key', async () => {
    const header = { ...HEADER, alg: 'A256KW' }
    const sealed = await new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(keyBytes)
    refusal(() => openBytes(key, PLACE, sealed))
  })
})

describe('the key', () => {
  test('another key opens nothing', async () => {
    const other = createSealingKey('dek', Uint8Array.from(seededBytes('other')(32)))
    const error = refusal(() => openBytes(other, PLACE, sealBytes(key, PLACE, plaintext)))
    expect(error.detail).toContain('wrong sealing key')
  })

  test('it cannot be taken out again, nor seen in a dump of the object', () => {
    const seen = inspect(key, { depth: null, showHidden: true }) + JSON.stringify(key)
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      expect(seen).not.toContain(Buffer.from(keyBytes).toString(encoding))
    }
    expect(Object.keys(key.jwe)).toEqual(['encrypt', 'decrypt'])
  })

  test.each([0, 16, 31, 33])('%i bytes are refused', async (length) => {
    expect(() => createSealingKey('dek', new Uint8Array(length))).toThrow(RangeError)
  })
})

test('the refusal tells the place, and neither text, key nor sealed value', async () => {
  const sealed = sealBytes(key, PLACE, plaintext)
  const error = refusal(() => openBytes(key, { ...PLACE, version: 4 }, sealed))
  const told = JSON.stringify([error.message, error.detail, error.stack, String(error.cause)])
  expect(told).toContain(RESOURCE)
  for (const secret of [SECRET, sealed, Buffer.from(keyBytes).toString('base64')]) {
    expect(told).not.toContain(secret)
  }
})
