import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readClients } from '../../../clients/heroku-cli/src/answers/clients.ts'
import { diagnose } from '../../../clients/heroku-cli/src/doctor/diagnose.ts'
import { type HeldKeys, heldIn } from '../../../clients/heroku-cli/src/doctor/held-keys.ts'
import { app, resource } from './support/made-up-resource.ts'
import { NOW } from './support/still-surroundings.ts'

const HELD: HeldKeys = { held: 'pair', signs: 'aaaa1111', accepted: 'bbbb2222' }

function wrong(changes: Record<string, unknown>, held: HeldKeys = HELD): string[] {
  return diagnose({ resource: resource(changes), held, clients: [] }, NOW)
    .filter(({ colour }) => colour === 'red')
    .map(({ words }) => words)
}

test('a healthy add-on has nothing but green', () => {
  expect(diagnose({ resource: resource(), held: HELD, clients: null }, NOW)).toEqual([
    { colour: 'green', words: 'No rotation has failed.' },
    { colour: 'green', words: 'Scheduled rotations go ahead.' },
    { colour: 'green', words: 'SECURE_KEY at Heroku holds the keys aaaa1111 and bbbb2222.' },
    { colour: 'green', words: 'service-1 and service-2 run the current key.' },
  ])
})

describe('what is wrong', () => {
  test('an app that is behind', () => {
    const apps = [app('service-1', 'A'), app('service-2', 'B', { adoption: 'previous' })]
    expect(wrong({ apps })).toEqual([
      'service-2 still runs the previous key (B). Deploy it, or mend its release.',
    ])
  })

  test('a pause', () => {
    const policy = {
      rotation_period: '14d',
      grace_period: 'period',
      least_grace_period: '1h',
      announces_next: false,
      token_life: 'off',
      windows: 'any',
      pause: { since: NOW.toISOString(), until: null, reason: 'code freeze' },
    }
    expect(wrong({ policy })).toEqual(['Scheduled rotations are paused until somebody resumes: code freeze.'])
  })

  test('a rotation that is stuck', () => {
    const health = {
      state: 'stuck',
      since: null,
      until: null,
      heading: 'The rotation is stuck',
      advice: 'Retry.',
    }
    expect(wrong({ health })).toEqual(['The rotation is stuck. Retry.'])
  })

  test.each<[string, HeldKeys, string]>([
    ['gone', { held: 'nothing' }, 'SECURE_KEY is missing at Heroku.'],
    ['no pair', { held: 'no-pair' }, 'SECURE_KEY at Heroku is not two keys: it was overwritten.'],
    [
      'other keys',
      { held: 'pair', signs: 'cccc3333', accepted: 'aaaa1111' },
      'SECURE_KEY at Heroku holds cccc3333 and aaaa1111, which was not published.',
    ],
    [
      'an older order',
      { held: 'pair', signs: 'bbbb2222', accepted: 'aaaa1111' },
      'SECURE_KEY at Heroku holds bbbb2222 and aaaa1111, which was not published.',
    ],
  ])('a config var that is %s', (_what, held, words) => {
    expect(wrong({}, held)).toEqual([words])
  })

  test('a process that signs with a key that the add-on does not have', () => {
    const said = {
      app: 'service-1',
      process: 'web.1',
      signs_with: 'dddd4444',
      version: null,
      at: NOW.toISOString(),
    }
    const apps = [app('service-1', 'A', { check_ins: [{ ...said, fresh: true }] })]
    expect(wrong({ apps })[0]).toMatch(
      /^web\.1 of service-1 said that it signs with key dddd4444, which the add-on/,
    )
    const old = [app('service-1', 'A', { check_ins: [{ ...said, fresh: false }] })]
    expect(wrong({ apps: old })).toEqual([])
  })
})

test('a client of the hand-over that came back with an older key is wrong', () => {
  const clients = readClients({
    clients: [
      { id: 'c1', name: 'laptop', alarm_at: null },
      { id: 'c2', name: 'till', alarm_at: '2026-03-10T11:00:00.000Z' },
    ],
  })
  const findings = diagnose({ resource: resource(), held: HELD, clients }, NOW)
  expect(findings.filter(({ colour }) => colour === 'red').map(({ words }) => words)).toEqual([
    'Client till (c2) came back with an older key at 2026-03-10 11:00 UTC (60 minutes ago): somebody else may have its secret. End it on the dashboard.',
  ])
})

describe('what is worth knowing, and not wrong', () => {
  const yellow = (changes: Record<string, unknown>, held: HeldKeys = HELD) =>
    diagnose({ resource: resource(changes), held, clients: [] }, NOW).filter(
      ({ colour }) => colour === 'yellow',
    )

  test('an app that Heroku hides, a config that it hides, and apps that it does not tell', () => {
    const apps = [app('service-1', 'A', { adoption: 'not-visible' })]
    expect(yellow({ apps })).toHaveLength(1)
    expect(yellow({}, { held: 'unseen' })).toHaveLength(1)
    expect(yellow({ apps: null })).toHaveLength(1)
    expect([...wrong({ apps }), ...wrong({}, { held: 'unseen' }), ...wrong({ apps: null })]).toEqual([])
  })

  test('keys that are just being replaced', () => {
    const held: HeldKeys = { held: 'pair', signs: 'cccc3333', accepted: 'aaaa1111' }
    expect(wrong({ rotation: 'manual-1' }, held)).toEqual([])
    expect(yellow({ rotation: 'manual-1' }, held)).toHaveLength(2)
  })

  test('a process that signs with an older key', () => {
    const said = {
      app: null,
      process: 'web.1',
      signs_with: 'bbbb2222',
      version: 2,
      at: NOW.toISOString(),
      fresh: true,
    }
    expect(yellow({ check_ins: [said] })).toHaveLength(1)
    expect(wrong({ check_ins: [said] })).toEqual([])
  })
})

test('of the config that Heroku holds only the ids of the keys are kept', () => {
  const first = 'A'.repeat(64)
  const second = 'B'.repeat(64)
  const kid = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)
  const config = [
    { name: 'SECURE_KEYRING', value: '{}' },
    { name: 'SECURE_KEY', value: `${first},${second}` },
  ]
  expect(heldIn(config)).toEqual({ held: 'pair', signs: kid(first), accepted: kid(second) })
  expect(heldIn([])).toEqual({ held: 'nothing' })
  expect(heldIn('nonsense')).toEqual({ held: 'nothing' })
  expect(heldIn([{ name: 'SECURE_KEY', value: `${first},${second} ` }])).toEqual({ held: 'no-pair' })
})
