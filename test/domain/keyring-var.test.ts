import { expect, test } from 'vitest'
import {
  announcedIn,
  type Keyring,
  keyringOf,
  keyringText,
  readKeyring,
  witnessedText,
} from '../../src/domain/keyring-var.ts'
import type { Keyset } from '../../src/domain/keyset.ts'

const AT = new Date('2026-03-03T12:00:00Z')
const inDays = (days: number) => new Date(AT.getTime() + days * 86_400_000)
const textOf = (version: number) => version.toString(16).toUpperCase().padStart(64, '0')
const kidOf = (text: string) => text.slice(-8).toLowerCase()

const KEYSET: Keyset = {
  current: 5,
  second: { version: 4, filler: false, until: inDays(14) },
  pending: null,
  pendingFiller: null,
  older: [{ version: 3, until: inDays(1) }],
  next: null,
  revokedTo: 2,
}

function ring(keyset: Partial<Keyset> = {}): Keyring {
  const dates = { rotatedAt: AT, nextRotationAt: inDays(14), goodForSeconds: 604_800 }
  const facts = { reason: 'scheduled', ...dates, epoch: 7 } as const
  return keyringOf({ keyset: { ...KEYSET, ...keyset }, ...facts }, textOf, kidOf)
}

test('a keyring is compact JSON: ids, versions, uses, ends and dates, and key text only where SECURE_KEY lacks the key', () => {
  expect(keyringText(ring(), 'k1.mac')).toBe(
    '{"v":1,"keys":[{"kid":"00000005","version":5,"use":"sign","until":null},' +
      '{"kid":"00000004","version":4,"use":"verify","until":"2026-03-17T12:00:00.000Z"},' +
      '{"kid":"00000003","version":3,"use":"verify","until":"2026-03-04T12:00:00.000Z",' +
      `"key":"${textOf(3)}"}],"reason":"scheduled","rotated_at":"2026-03-03T12:00:00.000Z",` +
      '"next_rotation_at":"2026-03-17T12:00:00.000Z","good_for":604800,"mac":"7.2.k1.mac"}',
  )
})

test('a filler never appears in it', () => {
  const { keys } = ring({ second: { version: 6, filler: true }, older: [] })
  expect(keys).toEqual([{ kid: '00000005', version: 5, use: 'sign', until: null }])
})

test('the next key is listed with its text, last, once it is announced, and not before', () => {
  const next = { kid: '00000009', version: 9, use: 'next', until: null, key: textOf(9) }
  expect(ring({ next: { version: 9, announced: true } }).keys.at(-1)).toEqual(next)
  expect(ring({ next: { version: 9, announced: false } }).keys).toEqual(ring().keys)
})

test('however many old keys there are, the next key is never the one that is left out', () => {
  const older = Array.from({ length: 30 }, (_, index) => ({ version: index + 6, until: inDays(1) }))
  const { keys } = ring({ older, next: { version: 99, announced: true } })
  expect(keys).toHaveLength(8)
  expect(keys.map(({ version }) => version)).toEqual([5, 4, 6, 7, 8, 9, 10, 99])
})

test('it holds at most eight keys and stays below four kilobytes', () => {
  const older = Array.from({ length: 30 }, (_, index) => ({ version: index + 6, until: inDays(1) }))
  const full = ring({ older })
  expect(full.keys).toHaveLength(8)
  expect(keyringText(full, `k1.${'m'.repeat(43)}`).length).toBeLessThan(4_096)
})

test.each([
  ['of a young add-on', 1_273, 2, 1_234],
  ['with the highest versions', 1_350, 2 ** 31 - 100, 123_456_789],
])('a keyring of eight keys %s has %i characters', (_what, length, first, epoch) => {
  const dates = { rotatedAt: AT, nextRotationAt: inDays(7), goodForSeconds: 49 * 86_400 }
  const older = Array.from({ length: 6 }, (_, index) => ({
    version: first + 5 - index,
    until: inDays(index),
  }))
  const second = { version: first + 6, filler: false, until: inDays(49) } as const
  const keyset = { ...KEYSET, current: first + 7, second, older }
  const full = keyringOf({ keyset, reason: 'plan-change', ...dates, epoch }, textOf, kidOf)
  expect(full.keys).toHaveLength(8)
  const text = keyringText(full, `2026-11.${'m'.repeat(43)}`)
  expect(text).toHaveLength(length)
  expect(readKeyring(text)?.keyring).toEqual(full)
})

test('what is written is read back, with its MAC', () => {
  const written = ring({ next: { version: 9, announced: true } })
  expect(readKeyring(keyringText(written, 'a.b.c.mac'))).toEqual({ keyring: written, mac: 'a.b.c.mac' })
})

test('the key that a keyring announces is told by its text, whoever made the MAC', () => {
  const written = ring({ next: { version: 9, announced: true } })
  expect(announcedIn(keyringText(written, 'nobody'))).toBe(textOf(9))
  expect(announcedIn(keyringText(ring(), 'k1.mac'))).toBeNull()
  for (const text of [null, '', 'nonsense']) expect(announcedIn(text)).toBeNull()
})

const NEXT = { kid: '00000009', version: 9, use: 'next', until: null, key: textOf(9) }
const changed = (change: (body: Record<string, unknown>) => unknown): string => {
  const body = JSON.parse(keyringText(ring(), 'k1.mac'))
  return JSON.stringify(change(body) ?? body)
}
const withKeys = (change: (keys: Record<string, unknown>[]) => unknown) =>
  changed((body) => ({ ...body, keys: change(body.keys as Record<string, unknown>[]) }))

test.each<[string, string | null]>([
  ['nothing', null],
  ['an empty text', ''],
  ['no JSON', '{"v":1'],
  ['a list', '[]'],
  ['null', 'null'],
  ['another form', changed((body) => ({ ...body, v: 2 }))],
  ['no MAC', changed(({ mac, ...body }) => body)],
  ['a MAC without its numbers', changed((body) => ({ ...body, mac: 'k1.mac' }))],
  ['a negative epoch', changed((body) => ({ ...body, mac: '-1.2.k1.mac' }))],
  ['an epoch of a thousand digits', changed((body) => ({ ...body, mac: `${'9'.repeat(1000)}.2.k1.mac` }))],
  ['no keys', withKeys(() => [])],
  ['nine keys', withKeys(([first, second]) => [first, ...Array.from({ length: 8 }, () => second)])],
  ['keys that are no list', changed((body) => ({ ...body, keys: {} }))],
  ['no key that signs', withKeys((keys) => keys.slice(1))],
  ['two keys that sign', withKeys(([first, ...others]) => [first, { ...first, version: 9 }, ...others])],
  ['the key that signs in another place', withKeys(([first, second]) => [second, first])],
  ['one version twice', withKeys(([first, second]) => [first, { ...second, version: 5 }])],
  ['a version of zero', withKeys(([first]) => [{ ...first, version: 0 }])],
  ['a version that is no integer', withKeys(([first]) => [{ ...first, version: 5.5 }])],
  [
    'a version beyond all that the database can hold',
    withKeys(([first]) => [{ ...first, version: 2 ** 31 }]),
  ],
  ['a version as text', withKeys(([first]) => [{ ...first, version: '5' }])],
  ['a kid that is none', withKeys(([first]) => [{ ...first, kid: 'XYZ' }])],
  ['a key text in lower case', withKeys(([a, b, c]) => [a, b, { ...c, key: 'a'.repeat(64) }])],
  ['the text of the key that signs', withKeys(([first]) => [{ ...first, key: 'A'.repeat(64) }])],
  ['an unknown use', withKeys(([a, b]) => [a, { ...b, use: 'trust' }])],
  ['a verify-only key without an end', withKeys(([a, b]) => [a, { ...b, until: null }])],
  ['an end that is no date', withKeys(([a, b]) => [a, { ...b, until: 'soon' }])],
  ['an end in the year 9999', withKeys(([a, b]) => [a, { ...b, until: '9999-01-01T00:00:00Z' }])],
  ['a next key without its text', withKeys((keys) => [...keys, { ...NEXT, key: undefined }])],
  ['a next key with an end', withKeys((keys) => [...keys, { ...NEXT, until: AT }])],
  ['a next key with the text of none', withKeys((keys) => [...keys, { ...NEXT, key: 'A' }])],
  ['two next keys', withKeys((keys) => [...keys, NEXT, { ...NEXT, version: 10 }])],
  ['a next key and none that signs', withKeys(() => [NEXT])],
  ['no time for which a signature is good', changed(({ good_for, ...body }) => body)],
  ['a time of nothing', changed((body) => ({ ...body, good_for: 0 }))],
  ['a time in parts of seconds', changed((body) => ({ ...body, good_for: 0.5 }))],
  ['a time as text', changed((body) => ({ ...body, good_for: '604800' }))],
  ['a time of more than ten years', changed((body) => ({ ...body, good_for: 315_360_001 }))],
  ['a reason of nobody’s', changed((body) => ({ ...body, reason: 'whim' }))],
  ['no date of the rotation', changed(({ rotated_at, ...body }) => body)],
  ['no next date', changed((body) => ({ ...body, next_rotation_at: 14 }))],
  ['more than four kilobytes', changed((body) => ({ ...body, more: 'm'.repeat(4_096) }))],
])('%s is read as no keyring', (_what, text) => {
  expect(readKeyring(text)).toBeUndefined()
})

test('the MAC covers the add-on, each key with its version and use, the epoch and what was revoked', () => {
  const [first, second, third] = ring().keys as [Keyring['keys'][0], Keyring['keys'][0], Keyring['keys'][0]]
  const others: [string, Keyring][] = [
    ['another add-on', ring()],
    ['r1', { ...ring(), epoch: 8 }],
    ['r1', { ...ring(), revokedTo: 3 }],
    ['r1', { ...ring(), keys: [first, second] }],
    ['r1', { ...ring(), keys: [first, third, second] }],
    ['r1', { ...ring(), keys: [{ ...first, version: 6 }, second, third] }],
    ['r1', { ...ring(), keys: [{ ...first, kid: '00000006' }, second, third] }],
    ['r1', { ...ring(), keys: [first, { ...second, use: 'sign' }, third] }],
    ['r1', { ...ring(), keys: [first, second, { ...third, use: 'next' }] }],
    ['r1', ring({ next: { version: 9, announced: true } })],
  ]
  const texts = others.map(([id, each]) => witnessedText(id, each))
  expect(new Set([witnessedText('r1', ring()), ...texts]).size).toBe(others.length + 1)
})

test('the MAC depends neither on dates, nor on the reason, nor on how long a signature is good', () => {
  const dates = { rotatedAt: inDays(1), nextRotationAt: inDays(20), goodForSeconds: 1 }
  const later = { ...ring(), ...dates, reason: 'manual' } as const
  const ends = later.keys.map((key) => ({ ...key, until: key.until && inDays(99) }))
  expect(witnessedText('r1', { ...later, keys: ends })).toBe(witnessedText('r1', ring()))
})
