import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { entry, HOUR, keyringBody, keyText, kidOf, PAIR, ROTATED, ringAt } from './support/rings.ts'

// Faults of other packages let strangers write into Object.prototype, for instance by `__proto__` in a body of JSON.

const text = 'not-a-key-of-the-app'
const stranger = { kid: createHash('sha256').update(text).digest('hex').slice(0, 8), text }
const added = new Set<string>()

function pollute(name: string, value: unknown): void {
  added.add(name)
  Reflect.defineProperty(Object.prototype, name, {
    value,
    ...{ configurable: true, enumerable: true, writable: true },
  })
}

afterEach(() => {
  for (const name of added) Reflect.deleteProperty(Object.prototype, name)
  added.clear()
})

describe('what somebody has put into Object.prototype', () => {
  test('is no next key, neither before the ring is made nor after', () => {
    const { ring } = ringAt({ startedAt: 0 })
    const list = ring.liveSecrets()
    pollute('next', { key: stranger, version: 9 })
    expect([...list]).not.toContain(text)
    expect([ringAt().ring.secrets().length, ringAt().ring.keys.length]).toEqual([2, 2])
  })

  test('does not say where a ring asks for its keys', () => {
    const there = { url: 'https://evil.example.com/v1', token: 'sk_api_x' }
    for (const [name, value] of Object.entries(there)) pollute(name, value)
    pollute('SECURE_KEY_URL', there.url)
    pollute('SECURE_KEY_TOKEN', there.token)
    for (const refresh of [true, {}]) {
      expect(() => keyring({ value: PAIR, refresh, env: {} })).toThrow('SECURE_KEY_URL is not set')
    }
  })

  test('takes no key from a ring', () => {
    const told = { keys: [entry.next(6), entry.sign(5), entry.verify(4)] }
    pollute('endsAtMs', 0)
    expect(ringAt({ told }).ring.secrets().length).toBe(3)
  })

  test.each<[string, unknown]>([
    ['value', 'x'],
    ['keyringValue', 'x'],
    ['var', 'OTHER'],
    ['maxLife', 1],
    ['settle', 'x'],
    ['key', keyText(9)],
    ['second', { version: 9, until: new Date() }],
    ['version', 9],
    ['secret', 'x'],
    ['password', 'x'],
    ['ttl', 0],
    ['expiresIn', 1],
  ])('counts neither as an option nor as an entry of the keyring: %s', (name, value) => {
    pollute(name, value)
    const warnings: string[] = []
    const ring = keyring({
      env: { SECURE_KEY: PAIR, SECURE_KEYRING: JSON.stringify(keyringBody()) },
      now: () => ROTATED + HOUR,
      startedAt: ROTATED - HOUR,
      onWarning: (code) => warnings.push(code),
    })
    expect([warnings, ring.kid, ring.guaranteedLife]).toEqual([[], kidOf(5), 604_800])
    expect(ring.expressSession({})).toHaveProperty('rolling', true)
    expect(ring.ironSession({ cookieName: 'visit' }).ttl).toBe(604_800)
    expect([ring.authJs().session.maxAge, ring.jwt().expiresIn]).toEqual([604_800, 604_800])
  })
})
