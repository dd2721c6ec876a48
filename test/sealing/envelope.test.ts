import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { SecurekeyError } from '../../src/domain/errors.ts'
import { importSealingKey, openBytes, type Place, sealBytes } from '../../src/sealing/envelope.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const OTHER = 'fedcba98-7654-3210-fedc-ba9876543210'
const PLACE: Place = { resourceId: RESOURCE, column: 'sealed_key', version: 3 }
const HEADER = { alg: 'dir', enc: 'A256GCM', kid: 'dek', res: RESOURCE, col: 'sealed_key', ver: 3 }
const SECRET = 'the secret text'

const keyBytes = Uint8Array.from(seededBytes('dek')(32))
const key = await importSealingKey('dek', keyBytes)
const plaintext = new TextEncoder().encode(SECRET)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** The error with which a sealed value is refused. */
async function refusal(opening: Promise<unknown>): Promise<SecurekeyError> {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof SecurekeyError)) throw new Error('it opened, or failed in another way')
  return error
}

describe('interoperability', () => {
  test('a value sealed here is a compact JWE that jose opens, and its header says where it belongs', async () => {
    const sealed = await sealBytes(key, PLACE, plaintext)
    expect(decodeProtectedHeader(sealed)).toEqual(HEADER)
    expect(textOf((await compactDecrypt(sealed, keyBytes)).plaintext)).toBe(SECRET)
  })

  test('a compact JWE that jose made for the same place opens here', async () => {
    const sealed = await new CompactEncrypt(plaintext).setProtectedHeader(HEADER).encrypt(keyBytes)
    expect(textOf(await openBytes(key, PLACE, sealed))).toBe(SECRET)
  })

  test('the same text sealed twice gives two different values', async () => {
    const [one, other] = await Promise.all([
      sealBytes(key, PLACE, plaintext),
      sealBytes(key, PLACE, plaintext),
    ])
    expect(one).not.toBe(other)
  })

  test('an empty text is sealed and opened like any other', async () => {
    expect(textOf(await openBytes(key, PLACE, await sealBytes(key, PLACE, new Uint8Array())))).toBe('')
  })
})

describe('a value that was copied elsewhere does not open', () => {
  test.each([
    ['to another resource', { ...PLACE, resourceId: OTHER }],
    ['to another column', { ...PLACE, column: 'sealed_code' }],
    ['to another version', { ...PLACE, version: 4 }],
    ['to a place without a version', { resourceId: RESOURCE, column: 'sealed_key' }],
  ])('%s', async (_where, place) => {
    const sealed = await sealBytes(key, PLACE, plaintext)
    const error = await refusal(openBytes(key, place, sealed))
    expect(error.code).toBe('sealed-value-unreadable')
    expect(error.detail).toContain('another place')
  })

  test('under a key with the same bytes and another id', async () => {
    const renamed = await importSealingKey('other', keyBytes)
    expect((await refusal(openBytes(renamed, PLACE, await sealBytes(key, PLACE, plaintext)))).code).toBe(
      'sealed-value-unreadable',
    )
  })
})

describe('a value that was altered does not open', () => {
  test.each([
    ['the header', 0],
    ['the place of the encrypted key', 1],
    ['the initialisation vector', 2],
    ['the ciphertext', 3],
    ['the tag', 4],
  ])('one character in %s', async (_part, index) => {
    const parts = (await sealBytes(key, PLACE, plaintext)).split('.')
    const part = parts[index] ?? ''
    parts[index] = (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
    await refusal(openBytes(key, PLACE, parts.join('.')))
  })

  test('the whole header exchanged for one that names another place', async () => {
    const parts = (await sealBytes(key, PLACE, plaintext)).split('.')
    parts[0] = Buffer.from(JSON.stringify({ ...HEADER, ver: 4 })).toString('base64url')
    await refusal(openBytes(key, { ...PLACE, version: 4 }, parts.join('.')))
  })

  test.each(['', 'plain text', 'a.b.c', '....', 'a.b.c.d.e'])('nonsense: %o', async (sealed) => {
    await refusal(openBytes(key, PLACE, sealed))
  })

  test('a value wrapped by another algorithm than the agreed one, although with our own key', async () => {
    const header = { ...HEADER, alg: 'A256KW' }
    const sealed = await new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(keyBytes)
    await refusal(openBytes(key, PLACE, sealed))
  })
})

describe('the key', () => {
  test('another key opens nothing', async () => {
    const other = await importSealingKey('dek', Uint8Array.from(seededBytes('other')(32)))
    const error = await refusal(openBytes(other, PLACE, await sealBytes(key, PLACE, plaintext)))
    expect(error.detail).toContain('wrong sealing key')
  })

  test('it cannot be taken out again', async () => {
    await expect(crypto.subtle.exportKey('raw', key.cryptoKey)).rejects.toThrow()
  })

  test.each([0, 16, 31, 33])('%i bytes are refused', async (length) => {
    await expect(importSealingKey('dek', new Uint8Array(length))).rejects.toThrow(RangeError)
  })
})

test('the refusal tells the place, and neither text, key nor sealed value', async () => {
  const sealed = await sealBytes(key, PLACE, plaintext)
  const error = await refusal(openBytes(key, { ...PLACE, version: 4 }, sealed))
  const told = JSON.stringify([error.message, error.detail, error.stack, String(error.cause)])
  expect(told).toContain(RESOURCE)
  for (const secret of [SECRET, sealed, Buffer.from(keyBytes).toString('base64')]) {
    expect(told).not.toContain(secret)
  }
})
