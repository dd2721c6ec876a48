import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forge, type Parts } from './support/forged.ts'
import { DAY, HOUR, keyText, kidOf, ROTATED, ringAt } from './support/rings.ts'

const { ring } = ringAt({ startedAt: -DAY })
const purpose = 'login'
const asked = { purpose }
const at = Math.floor((ROTATED + HOUR) / 1_000)
const token = ring.sign('user-17', { purpose, expiresIn: 60 })
const [, kid = '', exp = '', text = '', mac = ''] = token.split('.')

const forged = (parts: Partial<Parts>) => forge({ version: 5, kid, exp, text, purpose, ...parts })

/** Another last digit for the same bytes: a lenient decoder drops the bits in which they differ. */
function another(digit: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return digits[digits.indexOf(digit) ^ 1] ?? ''
}

/** Eight digits like those of a kid. */
const hex8 = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 8, maxLength: 8 })

describe('the reason of a refusal', () => {
  const hostile = [
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('get')
        },
        has: () => {
          throw new Error('has')
        },
      },
    ),
    {
      get purpose() {
        throw new Error('getter')
      },
    },
    Proxy.revocable({}, {}).proxy,
  ]
  test.each<[unknown]>([
    [undefined],
    [null],
    [{}],
    ['login'],
    [[purpose]],
    [{ purpose: '' }],
    [{ purpose: 'log in' }],
    [{ purpose: 'a'.repeat(101) }],
    [{ purpose: Object('login') }],
    [{ purpose: null }],
    ...hostile.map((each): [unknown] => [each]),
  ])('is bad-purpose before all others (%#)', (wrong) => {
    expect(ring.verify(token, wrong as never)).toEqual({ ok: false, reason: 'bad-purpose' })
    expect(ring.verify(undefined, wrong as never)).toEqual({ ok: false, reason: 'bad-purpose' })
  })

  test('is bad-purpose for a proxy that is revoked', () => {
    const { proxy, revoke } = Proxy.revocable({ purpose }, {})
    revoke()
    expect(ring.verify(token, proxy)).toEqual({ ok: false, reason: 'bad-purpose' })
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 17],
    ['a BigInt', 17n],
    ['a symbol', Symbol('token')],
    ['a function', () => token],
    ['a list of it', [token]],
    ['an object', { token }],
    ['a String object', Object(token)],
    ['a Buffer', Buffer.from(token)],
    ['a proxy that throws', hostile[0]],
    ['an object that turns into it', { toString: () => token, [Symbol.toPrimitive]: () => token }],
    ['the empty text', ''],
    ['dots', '....'],
    ['a million dots', '.'.repeat(1_000_000)],
    ['a line break at its end', `${token}\n`],
    ['a space before it', ` ${token}`],
    ['another form', token.replace('sk1', 'sk2')],
    ['upper case', token.replace('sk1', 'SK1')],
    ['a kid in upper case', forged({ kid: 'ABCDEF01' })],
    ['a kid of seven digits', forged({ kid: kid.slice(1) })],
    ['no exp', forged({ exp: '' })],
    ['exp 0', forged({ exp: '0' })],
    ['a zero before exp', forged({ exp: `0${exp}` })],
    ['a negative exp', forged({ exp: '-1' })],
    ['a plus before exp', forged({ exp: `+${exp}` })],
    ['a fraction', forged({ exp: `${exp}.5` })],
    ['an exponent', forged({ exp: '1e9' })],
    ['exp of 12 digits', forged({ exp: '9'.repeat(12) })],
    ['exp in other digits', forged({ exp: '١٢٣' })],
    ['padding', forged({ text: 'eA==' })],
    ['base64 that is not of URLs', forged({ text: 'a+b/' })],
    ['a text that is not canonical', forged({ text: 'eB' })],
    ['a text of one digit', forged({ text: 'e' })],
    ['a text that is no UTF-8', forged({ text: Buffer.from([0xff]).toString('base64url') })],
    ['half a character', forged({ text: Buffer.from([0xed, 0xa0, 0xbd]).toString('base64url') })],
    ['an overlong character', forged({ text: Buffer.from([0xc0, 0x80]).toString('base64url') })],
    ['a text of 8,193 bytes', forged({ text: Buffer.alloc(8_193, 'x').toString('base64url') })],
    ['12,289 characters', `sk1.${kid}.${exp}.${'A'.repeat(12_289)}`],
    ['no mac', `sk1.${kid}.${exp}.${text}.`],
    ['a mac that is cut', token.slice(0, -1)],
    ['a mac that is too long', `${token}A`],
    ['a mac that is not canonical', `${token.slice(0, -1)}${another(token.at(-1) ?? '')}`],
    ['a mac in hex', `sk1.${kid}.${exp}.${text}.${Buffer.from(mac, 'base64url').toString('hex')}`],
    ['one part more', `${token}.${mac}`],
    ['one part less', `sk1.${exp}.${text}.${mac}`],
  ])('is malformed: %s', (_, wrong) => {
    expect(ring.verify(wrong, asked)).toEqual({ ok: false, reason: 'malformed' })
  })

  test('is unknown-key for a kid that is not accepted, even if the mac is right and the end is over', () => {
    expect(ring.verify(forged({ version: 9, kid: kidOf(9) }), asked)).toEqual({
      ok: false,
      reason: 'unknown-key',
    })
    expect(ring.verify(forged({ version: 9, kid: kidOf(9), exp: '1' }), asked)).toEqual({
      ...{ ok: false, reason: 'unknown-key' },
    })
  })

  test('is bad-mac for whatever no key of that kid made, even if the end is over', () => {
    const wrong = [
      forged({ version: 9 }),
      forged({ version: 4 }),
      forged({ purpose: 'unsubscribe' }),
      `sk1.${kid}.${exp}.${text}.${'A'.repeat(43)}`,
      `sk1.${kid}.1.${text}.${mac}`,
      `sk1.${kid}.${Number(exp) + 1}.${text}.${mac}`,
      `sk1.${kid}.${exp}.${Buffer.from('user-18').toString('base64url')}.${mac}`,
      `sk1.${kid}.${exp}..${mac}`,
      `sk1.${kidOf(4)}.${exp}.${text}.${mac}`,
    ]
    for (const each of wrong) expect(ring.verify(each, asked)).toEqual({ ok: false, reason: 'bad-mac' })
    expect(ring.verify(token, { purpose: 'Login' })).toEqual({ ok: false, reason: 'bad-mac' })
  })

  test('is expired from the second that exp names', () => {
    const { ring: other, clock } = ringAt({ startedAt: -DAY })
    clock.ms = (at + 60) * 1_000 - 1
    expect(other.verify(token, asked)).toMatchObject({ ok: true })
    clock.ms += 1
    expect(other.verify(token, asked)).toEqual({ ok: false, reason: 'expired' })
  })

  test('is expired if the clock tells no time', () => {
    for (const now of [
      () => Number.NaN,
      () => 'noon' as never,
      () => {
        throw new Error('no clock')
      },
    ]) {
      expect(ringAt({}, { now }).ring.verify(token, asked)).toEqual({ ok: false, reason: 'expired' })
    }
  })
})

test('a token made by anybody who keeps to the form is accepted', () => {
  expect(forged({})).toBe(token)
  expect(ring.verify(forged({ exp: '99999999999' }), asked)).toMatchObject({ ok: true, text: 'user-17' })
})

test('all keys of a kid are tried', () => {
  // The first two of these keys that have the same kid.
  const [one, two] = [keyText(133), keyText(84_828)]
  const both = ringAt({ pair: `${one},${two}`, told: null }).ring
  expect(both.keys.map((key) => key.kid)).toEqual(['08341497', '08341497'])
  const signed = (pair: string) => ringAt({ pair, told: null }).ring.sign('x', { purpose, expiresIn: 60 })
  expect(both.verify(signed(`${one},${keyText(1)}`), asked)).toMatchObject({ ok: true, renew: false })
  expect(both.verify(signed(`${two},${keyText(1)}`), asked)).toMatchObject({ ok: true, renew: true })
})

describe('whatever it is given,', () => {
  test('nothing is thrown and nothing accepted that was not signed', () => {
    const anything = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withTypedArray: true,
      }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .tuple(
          fc.constantFrom('sk1', 'sk2', ''),
          hex8,
          fc.nat().map(String),
          fc.base64String(),
          fc.base64String(),
        )
        .map((parts) => parts.join('.')),
    )
    fc.assert(
      fc.property(anything, fc.oneof(fc.constant(asked), fc.anything()), (value, options) => {
        expect(ring.verify(value, options as never)).toMatchObject({ ok: false })
      }),
      { numRuns: 2_000 },
    )
  })

  test('a token with one character changed, added or missing is refused', () => {
    const anyToken = fc
      .tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 1, max: 604_800 }))
      .map(([what, expiresIn]) => ring.sign(what, { purpose, expiresIn }))
    const character = fc.oneof(
      fc.constantFrom(...'.-_=+/ \nAaZz09sk1'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    )
    const change = fc.tuple(fc.constantFrom(0, 1), fc.nat(), fc.oneof(character, fc.constant('')))
    fc.assert(
      fc.property(anyToken, change, (good, [cut, place, put]) => {
        const from = place % (good.length + 1)
        const changed = good.slice(0, from) + put + good.slice(from + cut)
        expect(ring.verify(changed, asked).ok).toBe(changed === good)
      }),
      { numRuns: 2_000 },
    )
  })
})
