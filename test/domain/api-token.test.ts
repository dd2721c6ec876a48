import { describe, expect, test } from 'vitest'
import { readTokenWish, tokenFactsText } from '../../src/domain/api-token.ts'

test('every fact of a token, and its digest, is in the text of its MAC', () => {
  const digest = Buffer.alloc(32, 1)
  const facts = {
    id: '0101010101010101',
    kind: 'api' as const,
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
    { kind: 'client' as const },
    { resourceId: 'x' },
    { name: 'x' },
    { scopes: ['read', 'keyring'] as const },
    { userId: 'x' },
    { email: 'x' },
    { createdAt: new Date(9) },
    { expiresAt: new Date(9) },
  ].map((other) => tokenFactsText(digest, { ...facts, ...other }))
  const all = [tokenFactsText(digest, facts), tokenFactsText(Buffer.alloc(32, 2), facts), ...others]
  expect(new Set(all).size).toBe(11)
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
