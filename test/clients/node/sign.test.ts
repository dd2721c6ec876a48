import { createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Keyring, SecureKeyError } from '../../../clients/node/src/index.ts'
import { DAY, HOUR, keyText, kidOf, ROTATED, ringAt, thrown } from './support/rings.ts'

const { ring } = ringAt({ startedAt: -DAY })
const at = Math.floor((ROTATED + HOUR) / 1_000)
const purpose = 'login'
const signed = (text: unknown, asked: unknown, by: Keyring = ring) => by.sign(text as string, asked as never)

test('a token has the form sk1.kid.exp.text.mac, and its mac the key of its purpose', () => {
  const token = ring.sign('user-17 ż', { purpose: 'login', expiresIn: '7d' })
  const body = `sk1.${kidOf(5)}.${at + 7 * 86_400}.${Buffer.from('user-17 ż').toString('base64url')}`
  const key = hkdfSync('sha256', Buffer.from(keyText(5), 'hex'), '', 'securekey/sk1/login', 32)
  const mac = createHmac('sha256', Buffer.from(key)).update(body).digest('base64url')
  expect(token).toBe(`${body}.${mac}`)
})

test.each<[string | number, number]>([
  [1, 1],
  [604_800, 604_800],
  ['90s', 90],
  ['30m', 1_800],
  ['12h', 43_200],
  ['7d', 604_800],
  ['07d', 604_800],
  ['000001s', 1],
])('expiresIn %j is %i seconds', (expiresIn, seconds) => {
  expect(ring.sign('x', { purpose, expiresIn }).split('.')[2]).toBe(String(at + seconds))
  expect(ring.allowedLife(expiresIn)).toBe(seconds)
})

test.each(['', 'ż', '👩‍🚀', 'a\0b', '\ufeffbom', '\ufffd', 'x'.repeat(8_192), 'a.b.c', ' \n'])(
  'the text %j comes back as it was',
  (text) => {
    const token = ring.sign(text, { purpose, expiresIn: 60 })
    expect(ring.verify(token, { purpose })).toEqual({
      ...{ ok: true, text, kid: kidOf(5), renew: false },
      expiresAt: new Date((at + 60) * 1_000),
    })
  },
)

describe('what cannot be signed is an error with the code', () => {
  const good = { purpose, expiresIn: 60 }
  test.each<[string, unknown, unknown]>([
    ['bad-purpose', 'x', undefined],
    ['bad-purpose', 'x', null],
    ['bad-purpose', 'x', {}],
    ['bad-purpose', 'x', { ...good, purpose: '' }],
    ['bad-purpose', 'x', { ...good, purpose: 'log in' }],
    ['bad-purpose', 'x', { ...good, purpose: 'login\n' }],
    ['bad-purpose', 'x', { ...good, purpose: 'łogin' }],
    ['bad-purpose', 'x', { ...good, purpose: 'a'.repeat(101) }],
    ['bad-purpose', 'x', { ...good, purpose: ['login'] }],
    ['bad-purpose', undefined, { expiresIn: 0 }],
    ['bad-text', undefined, good],
    ['bad-text', null, good],
    ['bad-text', 17, good],
    ['bad-text', ['x'], good],
    ['bad-text', Object('x'), good],
    ['bad-text', Buffer.from('x'), good],
    ['bad-text', '\ud83d', good],
    ['bad-text', 'a\udc69b', good],
    ['bad-text', '\ud800'.repeat(9_000), { ...good, expiresIn: 0 }],
    ['text-too-long', 'x'.repeat(8_193), good],
    ['text-too-long', 'ż'.repeat(4_097), { ...good, expiresIn: 0 }],
    ['bad-life', 'x', { purpose }],
    ['bad-life', 'x', { purpose, expiresIn: null }],
    ['bad-life', 'x', { purpose, expiresIn: 0 }],
    ['bad-life', 'x', { purpose, expiresIn: -1 }],
    ['bad-life', 'x', { purpose, expiresIn: 1.5 }],
    ['bad-life', 'x', { purpose, expiresIn: Number.NaN }],
    ['bad-life', 'x', { purpose, expiresIn: Number.POSITIVE_INFINITY }],
    ['bad-life', 'x', { purpose, expiresIn: 60n }],
    ['bad-life', 'x', { purpose, expiresIn: [60] }],
    ['bad-life', 'x', { purpose, expiresIn: '60' }],
    ['bad-life', 'x', { purpose, expiresIn: '' }],
    ['bad-life', 'x', { purpose, expiresIn: '0d' }],
    ['bad-life', 'x', { purpose, expiresIn: '-1d' }],
    ['bad-life', 'x', { purpose, expiresIn: '1.5h' }],
    ['bad-life', 'x', { purpose, expiresIn: '7 d' }],
    ['bad-life', 'x', { purpose, expiresIn: '7D' }],
    ['bad-life', 'x', { purpose, expiresIn: '7d\n' }],
    ['bad-life', 'x', { purpose, expiresIn: '٧d' }],
    ['bad-life', 'x', { purpose, expiresIn: '1w' }],
    ['bad-life', 'x', { purpose, expiresIn: '1000000s' }],
    ['life-too-long', 'x', { purpose, expiresIn: 604_801 }],
    ['life-too-long', 'x', { purpose, expiresIn: '8d' }],
    ['life-too-long', 'x', { purpose, expiresIn: 1e300 }],
  ])('%s (%#)', (code, text, asked) => {
    const error = thrown(() => signed(text, asked))
    expect(error).toBeInstanceOf(SecureKeyError)
    expect(error).toMatchObject({ code })
  })

  test('life-too-long says both lives in seconds', () => {
    const error = thrown(() => ring.sign('x', { purpose, expiresIn: '8d' }))
    expect(String(error)).toMatch(/691200 seconds.* 604800 seconds/)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e15, 1e17, 'noon', undefined])(
    'bad-option if the clock says %j',
    (now) => {
      const odd = ringAt({}, { now: () => now as number }).ring
      expect(thrown(() => signed('x', good, odd))).toMatchObject({ code: 'bad-option', place: 'now' })
    },
  )
})

describe('the guaranteed life', () => {
  test.each<[string, Record<string, unknown> | null, number | string | undefined, number]>([
    ['is half the shortest period without a keyring', null, undefined, 43_200],
    ['is what the app states without a keyring', null, '30d', 2_592_000],
    ['is what the app states if the keyring does not say', { good_for: 0 }, 60, 60],
    ['is that of plan daily if neither says', { good_for: 0 }, undefined, 43_200],
    ['is good_for of the keyring', {}, undefined, 604_800],
    ['is what the app states if that is shorter', {}, '1d', 86_400],
    ['is good_for if the app states a longer one', {}, '30d', 604_800],
  ])('%s', (_, told, maxLife, seconds) => {
    const made = ringAt({ told }, maxLife === undefined ? {} : { maxLife }).ring
    expect(made.guaranteedLife).toBe(seconds)
    made.sign('x', { purpose, expiresIn: seconds })
    expect(thrown(() => made.sign('x', { purpose, expiresIn: seconds + 1 }))).toMatchObject({
      code: 'life-too-long',
    })
    expect(thrown(() => made.allowedLife(seconds + 1))).toMatchObject({ code: 'life-too-long' })
  })
})

describe('a derived key', () => {
  const expand = (version: number, info: string, length: number) =>
    Buffer.from(hkdfSync('sha256', Buffer.from(keyText(version), 'hex'), '', info, length))

  test('is HKDF-SHA256 of the 32 bytes of the key that signs, 32 bytes if no length is asked for', () => {
    expect(ring.derive('db/cookies')).toEqual(expand(5, 'securekey/v1/db/cookies', 32))
    expect(ring.derive('a', { length: 64 })).toEqual(expand(5, 'securekey/v1/a', 64))
    expect(ring.derive('a', { length: 16, kid: kidOf(4) })).toEqual(expand(4, 'securekey/v1/a', 16))
  })

  test('is never that of a token', () => {
    expect(ring.derive('login')).not.toEqual(expand(5, 'securekey/sk1/login', 32))
  })

  test.each<[string, unknown, unknown]>([
    ['bad-purpose', '', {}],
    ['bad-purpose', undefined, { length: 1 }],
    ['bad-purpose', 'a b', {}],
    ['bad-length', 'a', { length: 15 }],
    ['bad-length', 'a', { length: 65 }],
    ['bad-length', 'a', { length: 16.5 }],
    ['bad-length', 'a', { length: '32' }],
    ['unknown-key', 'a', { kid: kidOf(9) }],
    ['unknown-key', 'a', { kid: '' }],
    ['unknown-key', 'a', { kid: null }],
    ['bad-option', 'a', 64],
    ['bad-option', 'a', 'A'.repeat(32)],
    ['bad-option', 'a', null],
    ['bad-option', 'a', { bytes: 64 }],
  ])('%s: %j, %j', (code, wanted, asked) => {
    expect(thrown(() => ring.derive(wanted as string, asked as object))).toMatchObject({ code })
  })
})
