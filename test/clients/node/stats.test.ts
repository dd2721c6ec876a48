import { describe, expect, test } from 'vitest'
import { forge } from './support/forged.ts'
import { DAY, entry, HOUR, kidOf, ROTATED, ringAt } from './support/rings.ts'

const asked = { purpose: 'login' }
/** Well formed, of a kid that no ring holds. */
const unknown = (at: number) => {
  const kid = at.toString(16).padStart(8, '0')
  return forge({ version: 9, kid, exp: '99999999999', text: '', purpose: 'login' })
}

describe('the counts', () => {
  test('tell what each key signed and verified, and why tokens were refused', () => {
    const { ring, clock } = ringAt({ startedAt: -DAY })
    const signed = ring.sign('x', { purpose: 'login', expiresIn: 60 })
    ring.sign('x', { purpose: 'other', expiresIn: 60 })
    ring.verify(signed, asked)
    ring.verify(signed, {} as never)
    ring.verify(undefined, asked)
    ring.verify([signed], asked)
    ring.verify(unknown(1), asked)
    ring.verify(signed, { purpose: 'other' })
    clock.ms += HOUR
    ring.verify(signed, asked)
    expect(ring.stats()).toEqual({
      signed: { [kidOf(5)]: 2, [kidOf(4)]: 0 },
      verified: { [kidOf(5)]: 1, [kidOf(4)]: 0 },
      refused: { 'bad-purpose': 1, malformed: 2, 'unknown-key': 1, 'bad-mac': 1, expired: 1 },
    })
  })

  test('never grow, whatever tokens name', () => {
    const { ring } = ringAt()
    const size = JSON.stringify(ring.stats()).length
    for (let at = 1; at <= 1_000; at += 1) ring.verify(unknown(at), asked)
    expect(JSON.stringify(ring.stats()).length).toBe(size + 3)
    expect(ring.stats().refused['unknown-key']).toBe(1_000)
  })

  test('do not count what could not be signed', () => {
    const { ring } = ringAt()
    expect(() => ring.sign('x', { purpose: 'login', expiresIn: 0 })).toThrow()
    expect(Object.values(ring.stats().signed)).toEqual([0, 0])
  })
})

describe('onStale', () => {
  function watched(world: Parameters<typeof ringAt>[0] = {}) {
    const told: string[] = []
    return { told, ...ringAt(world, { onStale: (kid) => told.push(kid) }) }
  }

  test('is told the kid of a token whose key the ring does not hold', () => {
    const { ring, told } = watched()
    ring.verify(unknown(0xabc), asked)
    expect(told).toEqual(['00000abc'])
  })

  test('is called once in 30 seconds at most, from whichever kid', () => {
    const { ring, told, clock } = watched()
    for (let ms = 0; ms <= 60_000; ms += 1_000) {
      ring.verify(unknown(ms), asked)
      clock.ms += 1_000
    }
    expect(told).toHaveLength(3)
    // A clock that is put back does not silence it.
    clock.ms -= DAY
    ring.verify(unknown(7), asked)
    expect(told).toHaveLength(4)
  })

  test('is not told of what anybody can make up: no form, a wrong purpose, a wrong mac', () => {
    const { ring, told } = watched()
    for (const token of [undefined, 'sk1.00000001.1.x.y', 'x'.repeat(99)]) ring.verify(token, asked)
    ring.verify(unknown(1), { purpose: '' })
    ring.verify(forge({ version: 9, kid: kidOf(5), exp: 1, text: '', purpose: 'login' }), asked)
    expect(told).toEqual([])
  })

  test('is not told of a key that the ring holds and whose end is over', () => {
    const keys = [entry.sign(5), entry.verify(4), entry.further(3, ROTATED)]
    const { ring, told } = watched({ told: { keys } })
    const old = forge({ version: 3, kid: kidOf(3), exp: '99999999999', text: '', purpose: 'login' })
    expect(ring.verify(old, asked)).toEqual({ ok: false, reason: 'unknown-key' })
    expect(told).toEqual([])
  })

  test('may throw, now or later: the verdict is the same', async () => {
    const throwing = () => {
      throw new Error('no')
    }
    const rejecting = async () => {
      throw new Error('no')
    }
    for (const onStale of [throwing, rejecting]) {
      expect(ringAt({}, { onStale }).ring.verify(unknown(1), asked)).toEqual({
        ...{ ok: false, reason: 'unknown-key' },
      })
    }
  })
})
