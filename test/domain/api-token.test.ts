import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readToken, readTokenWish, tokenFactsText, tokenFromBytes } from '../../src/domain/api-token.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const TOKEN = tokenFromBytes(new Uint8Array(8).fill(1), new Uint8Array(32).fill(2))

describe('the text of a token', () => {
  test('is found by scanners, ends in a check that anybody can make, and is read back', () => {
    fc.assert(
      fc.property(bytes(8), bytes(32), (id, secret) => {
        const text = tokenFromBytes(id, secret)
        expect(text).toMatch(/^sk_api_[0-9a-f]{16}_[0-9a-z]{50}[0-9a-f]{8}$/)
        const check = createHash('sha256').update(text.slice(0, -8)).digest('hex').slice(0, 8)
        expect(text.slice(-8)).toBe(check)
        expect(readToken(text)).toEqual({
          id: Buffer.from(id).toString('hex'),
          digest: createHash('sha256').update(text).digest(),
        })
      }),
    )
  })

  test('with any one character changed, added or left out is no token', () => {
    for (let at = 0; at < TOKEN.length; at += 1) {
      const other = TOKEN[at] === 'a' ? 'b' : 'a'
      expect(readToken(`${TOKEN.slice(0, at)}${other}${TOKEN.slice(at + 1)}`)).toBeUndefined()
      expect(readToken(`${TOKEN.slice(0, at)}${TOKEN.slice(at + 1)}`)).toBeUndefined()
      expect(readToken(`${TOKEN.slice(0, at)}a${TOKEN.slice(at)}`)).toBeUndefined()
    }
  })

  test('has the same length, however small its secret is', () => {
    expect(tokenFromBytes(new Uint8Array(8), new Uint8Array(32))).toHaveLength(TOKEN.length)
    expect(() => tokenFromBytes(new Uint8Array(8), new Uint8Array(31))).toThrow(RangeError)
  })
})

test('every fact of a token, and its digest, is in the text of its MAC', () => {
  const digest = Buffer.alloc(32, 1)
  const facts = {
    id: '0101010101010101',
    resourceId: 'r',
    name: 'n',
    scopes: ['read'] as const,
    userId: null,
    email: null,
    createdAt: new Date(1),
    expiresAt: new Date(2),
  }
  const others = [
    { id: 'x' },
    { resourceId: 'x' },
    { name: 'x' },
    { scopes: ['read', 'keyring'] as const },
    { userId: 'x' },
    { email: 'x' },
    { createdAt: new Date(9) },
    { expiresAt: new Date(9) },
  ].map((other) => tokenFactsText(digest, { ...facts, ...other }))
  const all = [tokenFactsText(digest, facts), tokenFactsText(Buffer.alloc(32, 2), facts), ...others]
  expect(new Set(all).size).toBe(10)
  const scopes = ['keyring', 'read'] as const
  expect(others).toContain(tokenFactsText(digest, { ...facts, scopes }))
})

describe('what somebody wants of a token', () => {
  const wish = { name: ' ci\u0007 ', scopes: ['keyring', 'read'], life: '' }

  test('is cleaned, in one order, and lives 90 days unless it is said', () => {
    const lifeMs = 90 * 86_400_000
    expect(readTokenWish(wish)).toEqual({ name: 'ci', scopes: ['read', 'keyring'], lifeMs })
    expect(readTokenWish({ ...wish, life: '1h' })).toMatchObject({ lifeMs: 3_600_000 })
    expect(readTokenWish({ ...wish, life: '365d' })).toMatchObject({ lifeMs: 365 * 86_400_000 })
  })

  test.each([
    ['no name', { name: '\u200b' }],
    ['no scope', { scopes: [] }],
    ['a scope that there is not', { scopes: ['read', 'admin'] }],
    ['more than a year', { life: '366d' }],
    ['less than an hour', { life: '59m' }],
    ['a life that is none', { life: 'for ever' }],
  ])('is refused with %s', (_what, change) => {
    expect(readTokenWish({ ...wish, ...change })).toEqual({ problem: expect.any(String) })
  })
})
