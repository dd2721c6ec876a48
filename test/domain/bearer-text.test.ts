import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bearerText, readBearer } from '../../src/domain/bearer-text.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const KIND = fc.constantFrom('api' as const, 'cli' as const, 'client' as const)
const TOKEN = bearerText('api', new Uint8Array(8).fill(1), new Uint8Array(32).fill(2))

describe('the text of a bearer', () => {
  test('is found by scanners, ends in a check that anybody can make, and is read back', () => {
    fc.assert(
      fc.property(KIND, bytes(8), bytes(32), (kind, id, secret) => {
        const text = bearerText(kind, id, secret)
        expect(text).toMatch(new RegExp(`^sk_${kind}_[0-9a-f]{16}_[0-9a-z]{50}[0-9a-f]{8}$`))
        const check = createHash('sha256').update(text.slice(0, -8)).digest('hex').slice(0, 8)
        expect(text.slice(-8)).toBe(check)
        expect(readBearer(text)).toEqual({
          kind,
          id: Buffer.from(id).toString('hex'),
          digest: createHash('sha256').update(text).digest(),
        })
      }),
    )
  })

  test('with any one character changed, added or left out is no token', () => {
    for (let at = 0; at < TOKEN.length; at += 1) {
      const other = TOKEN[at] === 'a' ? 'b' : 'a'
      expect(readBearer(`${TOKEN.slice(0, at)}${other}${TOKEN.slice(at + 1)}`)).toBeUndefined()
      expect(readBearer(`${TOKEN.slice(0, at)}${TOKEN.slice(at + 1)}`)).toBeUndefined()
      expect(readBearer(`${TOKEN.slice(0, at)}a${TOKEN.slice(at)}`)).toBeUndefined()
    }
  })

  test('of another kind is none, though its check is right', () => {
    const body = TOKEN.slice(0, -8).replace('sk_api_', 'sk_root_')
    const check = createHash('sha256').update(body).digest('hex').slice(0, 8)
    expect(readBearer(`${body}${check}`)).toBeUndefined()
  })

  test('has the same length, however small its secret is', () => {
    expect(bearerText('api', new Uint8Array(8), new Uint8Array(32))).toHaveLength(TOKEN.length)
    expect(() => bearerText('api', new Uint8Array(8), new Uint8Array(31))).toThrow(RangeError)
  })
})
