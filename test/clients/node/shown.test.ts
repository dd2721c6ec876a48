import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { DAY, entry, HOUR, keyText, kidOf, PAIR, ROTATED, ringAt, thrown } from './support/rings.ts'

const keys = [entry.next(6), entry.sign(5), entry.verify(4), entry.further(3, ROTATED + DAY)]
const { ring } = ringAt({ told: { keys } })
/** Whatever form a key may take on its way out. */
const SECRETS = [3, 4, 5, 6].flatMap((version) => {
  const bytes = Buffer.from(keyText(version), 'hex')
  return [
    keyText(version),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    inspect(bytes).slice(8, 60),
  ]
})
const leaks = (text: string) =>
  SECRETS.filter((secret) => text.toLowerCase().includes(secret.toLowerCase().slice(0, 20)))

test('a ring that is printed or turned into JSON shows ids, uses, versions and dates', () => {
  const shown = {
    kid: kidOf(4),
    keys: [
      { kid: kidOf(6), use: 'next', version: 6 },
      { kid: kidOf(5), use: 'sign', version: 5 },
      { kid: kidOf(4), use: 'verify', version: 4, until: '2026-03-17T12:00:00.000Z' },
      { kid: kidOf(3), use: 'verify', version: 3, until: '2026-03-04T12:00:00.000Z' },
    ],
    guaranteedLife: 604_800,
    reason: 'scheduled',
    rotatedAt: '2026-03-03T12:00:00.000Z',
    nextRotationAt: '2026-03-17T12:00:00.000Z',
  }
  expect(JSON.parse(JSON.stringify(ring))).toEqual(shown)
  expect(inspect(ring)).toContain(`{ kid: '${kidOf(5)}', use: 'sign', version: 5 }`)
  expect(inspect(ring)).toMatch(/^Keyring \{/)
})

describe('no key is shown', () => {
  const everything = { depth: 20, showHidden: true, getters: true, maxArrayLength: null }

  test.each<[string, () => string]>([
    ['by inspect', () => inspect(ring, everything)],
    ['by inspect without its own form', () => inspect(ring, { ...everything, customInspect: false })],
    ['in JSON', () => JSON.stringify({ ring })],
    ['as a text', () => `${ring} ${Object.prototype.toString.call(ring)}`],
    ['by its properties', () => inspect(Object.getOwnPropertyDescriptors(ring), everything)],
    ['by a copy', () => inspect({ ...ring }, everything) + JSON.stringify(Object.entries(ring))],
    ['by its functions', () => Object.values(ring).map(String).join()],
    ['in its counts', () => inspect(ring.stats())],
    [
      'by a config with a list in it',
      () => inspect({ keys: ring.secrets() }) + JSON.stringify(ring.liveSecrets()),
    ],
    ['by one with a live list', () => inspect({ keys: ring.liveSecrets() }, everything)],
    [
      'by one with a live list, past its own form',
      () => inspect({ keys: ring.liveSecrets() }, { ...everything, customInspect: false, showProxy: true }),
    ],
    [
      'by one with a list of bytes',
      () => inspect([ring.secretBuffers()]) + JSON.stringify(ring.secretBuffers()),
    ],
  ])('%s', (_, text) => {
    expect(text().length).toBeGreaterThan(0)
    expect(leaks(text())).toEqual([])
  })

  test('by a list, which shows how many keys it has', () => {
    for (const list of [ring.secrets(), ring.secretBuffers(), ring.liveSecrets()]) {
      expect([inspect(list), JSON.stringify(list)]).toEqual(['[4 keys]', '"[4 keys]"'])
    }
  })

  test('by structuredClone, which refuses a ring and a live list', () => {
    expect(() => structuredClone(ring)).toThrow('could not be cloned')
    expect(() => structuredClone(ring.liveSecrets())).toThrow('could not be cloned')
  })

  test('by an error: with its stack, its fields and its cause', () => {
    const wrong: (() => unknown)[] = [
      () => keyring({ value: `${keyText(5)},${keyText(5)}` }),
      () => keyring({ value: `${keyText(5)},${keyText(4)},${keyText(3)}` }),
      () => keyring({ value: `${keyText(5)},${keyText(4)} ` }),
      () => keyring({ var: keyText(5) }),
      () => keyring({ env: { SECURE_KEY: PAIR }, [keyText(5)]: 1 } as never),
      () => ring.sign('x'.repeat(9_000) + keyText(5), { purpose: 'a', expiresIn: 1 }),
      () => ring.sign('x', { purpose: keyText(5).repeat(2), expiresIn: 1 }),
      () => ring.sign('x', { purpose: 'a', expiresIn: keyText(5) }),
      () => ring.derive('a', { kid: keyText(5) }),
    ]
    for (const work of wrong) {
      const error = thrown(work)
      expect(leaks(inspect(error, everything) + JSON.stringify(error))).toEqual([])
    }
  })
})

test('nobody can change a ring, the list of its keys, or its dates', () => {
  expect(() => Object.assign(ring, { kid: 'x' })).toThrow(TypeError)
  expect(() => Object.assign(ring, { more: 1 })).toThrow(TypeError)
  expect(() => (ring.keys as unknown[]).push(1)).toThrow(TypeError)
  expect(() => Object.assign(ring.keys[0] ?? {}, { kid: 'x' })).toThrow(TypeError)
  ring.rotatedAt?.setTime(0)
  ring.nextRotationAt?.setTime(0)
  ring.keys[2]?.until?.setTime(0)
  ring.stats().verified[kidOf(5)] = 7
  expect(ring.rotatedAt).toEqual(new Date(ROTATED))
  expect(ring.nextRotationAt).toEqual(new Date(ROTATED + 14 * DAY))
  expect(ring.keys[2]?.until).toEqual(new Date(ROTATED + 14 * DAY))
  expect(ring.stats().verified[kidOf(5)]).toBe(0)
})

test('what is shown changes neither with the settle time nor with the clock', () => {
  const made = ringAt({ told: { keys } })
  const before = made.ring.keys
  made.clock.ms += 100 * DAY + HOUR
  expect(made.ring.keys).toEqual(before)
})

test('its functions work on their own', () => {
  const { sign, verify } = ring
  expect(verify(sign('x', { purpose: 'a', expiresIn: 1 }), { purpose: 'a' }).ok).toBe(true)
})
