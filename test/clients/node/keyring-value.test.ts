import { describe, expect, test } from 'vitest'
import { readKeyringValue } from '../../../clients/node/src/keyring-value.ts'
import { keyOf } from '../../../clients/node/src/secure-key.ts'
import { DAY, type Entry, entry, iso, keyringBody, keyText, kidOf, ROTATED } from './support/rings.ts'

const pair = [keyOf(keyText(5)), keyOf(keyText(4))] as const
const read = (value: unknown) =>
  readKeyringValue(typeof value === 'string' ? value : JSON.stringify(value), pair)
const withKeys = (...keys: unknown[]) => keyringBody({ keys })
const sign = entry.sign(5)
const verify = entry.verify(4)
const next = entry.next(6)
const older = entry.further(3, ROTATED + DAY)
const without = (name: string, body: Entry = keyringBody()) =>
  Object.fromEntries(Object.entries(body).filter(([each]) => each !== name))

describe('a keyring is ignored, with one warning,', () => {
  test.each([[undefined], ['']])('keyring-missing: %j', (text) => {
    expect(readKeyringValue(text, pair)).toEqual({ warning: 'keyring-missing' })
  })

  test.each<[string, unknown]>([
    ['8,193 characters', padded(8_193)],
    ['no JSON', '{"v":1'],
    ['a text before it', `x${JSON.stringify(keyringBody())}`],
    ['NaN', '{"v":NaN}'],
    ['a list', []],
    ['null', 'null'],
    ['a number', '1'],
    ['a text', '"1"'],
    ['nested a hundred thousand deep', '['.repeat(100_000)],
  ])('keyring-unreadable: %s', (_, value) => {
    expect(read(value)).toEqual({ warning: 'keyring-unreadable' })
  })

  test.each<[string, unknown]>([
    ['2', { ...keyringBody(), v: 2 }],
    ['a text', { ...keyringBody(), v: '1' }],
    ['true', { ...keyringBody(), v: true }],
    ['none', without('v')],
    ['none, and nothing else', {}],
    ['2, and keys that are wrong', keyringBody({ v: 2, keys: 'none' })],
  ])('keyring-other-form: v is %s', (_, value) => {
    expect(read(value)).toEqual({ warning: 'keyring-other-form' })
  })

  test.each<[string, unknown]>([
    ['no keys', without('keys')],
    ['keys that are an object', keyringBody({ keys: { 0: sign } })],
    ['an empty list of keys', withKeys()],
    [
      'nine entries',
      withKeys(sign, verify, ...Array.from({ length: 7 }, (_, at) => entry.further(40 + at, ROTATED))),
    ],
    ['nine entries, eight of another use', withKeys(sign, ...Array(8).fill({ use: 'mirror' }))],
    ['an entry that is null', withKeys(sign, null)],
    ['an entry that is a list', withKeys(sign, [verify])],
    ['an entry without use', withKeys(sign, without('use', verify))],
    ['a use that is no text', withKeys(sign, { ...verify, use: 1 })],
    ['no key that signs', withKeys(verify)],
    ['two that sign', withKeys(sign, { ...sign, version: 9 })],
    ['two next', withKeys(sign, next, entry.next(7))],
    ['the same version twice', withKeys(sign, { ...verify, version: 5 })],
    [
      'the same version twice, spelt in two ways',
      JSON.stringify(keyringBody()).replace('"version":4', '"version":5.0'),
    ],
    ['version 0', withKeys({ ...sign, version: 0 }, verify)],
    ['version -1', withKeys({ ...sign, version: -1 }, verify)],
    ['version 1.5', withKeys({ ...sign, version: 1.5 }, verify)],
    ['version 2^31', withKeys({ ...sign, version: 2 ** 31 }, verify)],
    ['a version that is a text', withKeys({ ...sign, version: '5' }, verify)],
    ['a version that is true', withKeys({ ...sign, version: true }, verify)],
    ['no version', withKeys(without('version', sign), verify)],
    ['a kid in upper case', withKeys({ ...sign, kid: kidOf(5).toUpperCase() }, verify)],
    ['a kid with a line break', withKeys({ ...sign, kid: `${kidOf(5)}\n` }, verify)],
    ['a kid that is cut', withKeys({ ...sign, kid: kidOf(5).slice(1) }, verify)],
    ['a kid that is a list', withKeys({ ...sign, kid: [kidOf(5)] }, verify)],
    ['a key that signs and has an end', withKeys({ ...sign, until: iso(ROTATED) }, verify)],
    ['a key that signs without until', withKeys(without('until', sign), verify)],
    ['verify without an end', withKeys(sign, { ...verify, until: null })],
    ['verify without until', withKeys(sign, without('until', verify))],
    ['next with an end', withKeys(sign, { ...next, until: iso(ROTATED) })],
    ['next without a key', withKeys(sign, without('key', next))],
    ['a key in lower case', withKeys(sign, { ...next, key: keyText(6).toLowerCase() })],
    ['a key that is null', withKeys(sign, verify, { ...older, key: null })],
    ['no reason', without('reason')],
    ['a reason that is no text', keyringBody({ reason: null })],
    ['no date of the rotation', without('rotated_at')],
    ['no date of the next rotation', without('next_rotation_at')],
    ['a rotation that is null', keyringBody({ next_rotation_at: null })],
  ])('keyring-unreadable: %s', (_, value) => {
    expect(read(value)).toEqual({ warning: 'keyring-unreadable' })
  })

  test.each([
    '2026-03-03',
    '2026-03-03T12:00:00Z',
    '2026-03-03T12:00:00.0Z',
    '2026-03-03T12:00:00.000+00:00',
    '2026-03-03T12:00:00.000z',
    ' 2026-03-03T12:00:00.000Z',
    '2026-03-03T12:00:00.000Z\n',
    '2026-02-30T12:00:00.000Z',
    '2026-13-03T12:00:00.000Z',
    '2026-03-03T24:00:00.000Z',
    '2026-03-03T12:60:00.000Z',
    '2026-03-03T12:00:60.000Z',
    '1999-12-31T23:59:59.999Z',
    '2201-01-01T00:00:00.000Z',
    1_772_539_200_000,
  ])('keyring-unreadable: the date %j', (date) => {
    for (const field of ['rotated_at', 'next_rotation_at']) {
      expect(read(keyringBody({ [field]: date }))).toEqual({ warning: 'keyring-unreadable' })
    }
    expect(read(withKeys(sign, { ...verify, until: date }))).toEqual({ warning: 'keyring-unreadable' })
  })

  test.each<[string, unknown]>([
    ['the key that signs is another', withKeys({ ...sign, kid: kidOf(9) }, verify)],
    ['the key that signs is the second', withKeys({ ...sign, kid: kidOf(4) })],
    ['the key that signs has a text', withKeys({ ...sign, key: keyText(5) }, verify)],
    ['the second key is another', withKeys(sign, { ...verify, kid: kidOf(9) })],
    ['the second key is the first', withKeys(sign, { ...verify, kid: kidOf(5) })],
    ['two entries are the second key', withKeys(sign, verify, { ...verify, version: 3 })],
    ['next has the kid of another', withKeys(sign, { ...next, kid: kidOf(9) })],
    ['a further key has the kid of another', withKeys(sign, verify, { ...older, kid: kidOf(9) })],
    ['next is the first key', withKeys(sign, { ...next, kid: kidOf(5), key: keyText(5) })],
    ['next is the second key', withKeys(sign, verify, { ...next, kid: kidOf(4), key: keyText(4) })],
    ['a further key is the second key', withKeys(sign, { ...verify, key: keyText(4) })],
    ['a further key stands there twice', withKeys(sign, verify, older, { ...older, version: 2 })],
    ['next is a further key, too', withKeys(sign, next, { ...older, kid: kidOf(6), key: keyText(6) })],
  ])('keyring-other-keys: %s', (_, value) => {
    expect(read(value)).toEqual({ warning: 'keyring-other-keys' })
  })

  test('in the order of the table: each check is made over all of it before the next', () => {
    const otherKeys = withKeys({ ...sign, kid: kidOf(9) }, { ...verify, until: 'x' })
    expect(read(otherKeys)).toEqual({ warning: 'keyring-unreadable' })
    expect(read({ ...otherKeys, v: 2 })).toEqual({ warning: 'keyring-other-form' })
    expect(read(keyringBody({ keys: [{ ...sign, kid: kidOf(9) }], reason: 1 }))).toEqual({
      warning: 'keyring-unreadable',
    })
  })
})

describe('a keyring is taken', () => {
  const taken = (value: unknown) => {
    const result = read(value)
    return 'value' in result ? result.value : result
  }

  test('of up to 8,192 characters', () => {
    expect(taken(padded(8_192))).toMatchObject({ first: { version: 5 } })
  })

  test('with all that it says', () => {
    expect(taken(withKeys(next, sign, verify, older))).toEqual({
      first: { version: 5 },
      second: { version: 4, until: new Date(ROTATED + 14 * DAY) },
      next: { key: keyOf(keyText(6)), version: 6 },
      further: [{ key: keyOf(keyText(3)), version: 3, until: new Date(ROTATED + DAY) }],
      reason: 'scheduled',
      rotatedAt: new Date(ROTATED),
      nextRotationAt: new Date(ROTATED + 14 * DAY),
      goodFor: 604_800,
    })
  })

  test('without the second key, which is a filler then', () => {
    expect(taken(withKeys(sign))).toHaveProperty('second', undefined)
  })

  test('whatever an entry of a use that is not known yet holds', () => {
    const later = { use: 'mirror', version: 5, kid: 7, until: 'never', key: 'x' }
    expect(taken(withKeys(later, sign, verify, later))).toEqual(taken(keyringBody()))
  })

  test('whatever fields that are not known yet hold, and whatever mac holds', () => {
    const more = keyringBody({ keys: [{ ...sign, more: 1 }, verify], more: { v: 2 }, mac: 7 })
    expect(taken(more)).toEqual(taken(keyringBody()))
    expect(taken(without('mac'))).toEqual(taken(keyringBody()))
  })

  test.each([0, -1, 1.5, 315_360_001, '604800', true, null, [604_800]])(
    'good_for %j counts as not there',
    (goodFor) => {
      expect(taken(keyringBody({ good_for: goodFor }))).toEqual(taken(without('good_for')))
    },
  )

  test.each([1, 315_360_000])('good_for %j counts', (goodFor) => {
    expect(taken(keyringBody({ good_for: goodFor }))).toMatchObject({ goodFor })
  })

  test('a number may be spelt in any way that JSON allows', () => {
    const text = JSON.stringify(keyringBody())
      .replace('"v":1', '"v":1.0')
      .replace('"version":5', '"version":5e0')
    expect(taken(text)).toEqual(taken(keyringBody()))
  })

  test('its reason is cut, and cannot break a line of a log', () => {
    const reason = `a\n\u001b[31m${'ż'.repeat(100)}`
    expect(taken(keyringBody({ reason }))).toMatchObject({ reason: `a??[31m${'?'.repeat(33)}` })
  })
})

/** A good keyring of exactly so many characters. */
function padded(length: number): Entry {
  const body = keyringBody({ mac: '' })
  return keyringBody({ mac: 'm'.repeat(length - JSON.stringify(body).length) })
}
