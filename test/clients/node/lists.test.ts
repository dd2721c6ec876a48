import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DAY, entry, HOUR, keyText, MINUTE, ROTATED, ringAt, thrown } from './support/rings.ts'

const texts = (...versions: number[]) => versions.map(keyText)
const bytes = (...versions: number[]) => versions.map((version) => Buffer.from(keyText(version), 'hex'))
/** Shows that nothing of a list was copied: frameworks hold the array itself. */
const held =
  <T>(list: T[]) =>
  () => [...list]

describe('a list for a framework', () => {
  const all = { keys: [entry.next(6), entry.sign(5), entry.verify(4), entry.further(3, ROTATED + DAY)] }

  test('is the key that signs, then the others newest first, and the next key at the end', () => {
    expect(ringAt({ told: all, startedAt: -DAY }).ring.secrets()).toEqual(texts(5, 4, 3, 6))
    expect(ringAt({ told: all }).ring.secrets()).toEqual(texts(4, 5, 3, 6))
    expect(ringAt({ told: null }).ring.secrets()).toEqual(texts(5, 4))
  })

  test('can be had as 32 bytes each', () => {
    expect(ringAt({ told: all, startedAt: -DAY }).ring.secretBuffers()).toEqual(bytes(5, 4, 3, 6))
  })

  test('is a copy: what a framework does with it harms no other', () => {
    const { ring } = ringAt({ startedAt: -DAY })
    ring.secrets().length = 0
    ring.secretBuffers()[0]?.fill(0)
    ring.liveSecretBuffers()[0]?.fill(0)
    expect(ring.secrets()).toEqual(texts(5, 4))
    expect(ring.secretBuffers()).toEqual(bytes(5, 4))
    expect(ring.verify(ring.sign('x', { purpose: 'a', expiresIn: 1 }), { purpose: 'a' }).ok).toBe(true)
  })

  test('holds both keys even if the clock tells no time', () => {
    expect(ringAt({ told: all }, { now: () => Number.NaN }).ring.secrets()).toEqual(texts(5, 4, 6))
  })

  test.each([0, -1, '7 days', null, Number.NaN])('of the life %j is refused', (life) => {
    const { ring } = ringAt()
    for (const list of [ring.secrets, ring.secretBuffers, ring.liveSecrets, ring.liveSecretBuffers]) {
      expect(thrown(() => list({ life: life as number }))).toMatchObject({ code: 'bad-life' })
    }
  })
})

describe('a live list', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Time passes for the clock and for timers. */
  function pass(clock: { ms: number }, ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      clock.ms += Math.min(left, 1_000)
      vi.advanceTimersByTime(Math.min(left, 1_000))
    }
  }

  test('changes in place when the settle time ends, and no call of ours is needed', () => {
    const { ring, clock } = ringAt()
    const read = held(ring.liveSecrets())
    const readBytes = held(ring.liveSecretBuffers())
    expect(read()).toEqual(texts(4, 5))
    pass(clock, 10 * MINUTE - 1)
    expect(read()).toEqual(texts(4, 5))
    pass(clock, 1)
    expect(read()).toEqual(texts(5, 4))
    expect(readBytes()).toEqual(bytes(5, 4))
  })

  test.each([
    [
      'when the second key would end before its life',
      { keys: [entry.sign(5), entry.verify(4, ROTATED + 3 * HOUR)] },
      '2h',
      1,
    ],
    ['six hours after the rotation', {}, '1h', 5 * HOUR],
  ])('signs with the first key %s', (_, told, life, ms) => {
    const { ring, clock } = ringAt({ told }, { settle: 21_600 })
    const read = held(ring.liveSecrets({ life }))
    expect(read()).toEqual(texts(4, 5))
    pass(clock, ms - 1)
    expect(read()).toEqual(texts(4, 5))
    pass(clock, 1)
    expect(read()).toEqual(texts(5, 4))
  })

  test('drops a further key at its end, weeks later too', () => {
    const keys = [entry.sign(5), entry.verify(4), entry.further(3, ROTATED + 40 * DAY)]
    const { ring, clock } = ringAt({ told: { keys }, at: 40 * DAY - HOUR, startedAt: 0 })
    const read = held(ring.liveSecrets())
    expect(read()).toEqual(texts(5, 4, 3))
    pass(clock, HOUR)
    expect(read()).toEqual(texts(5, 4))
  })

  test('follows a clock that jumps, within a minute or at the next use of the ring', () => {
    const one = ringAt()
    const read = held(one.ring.liveSecrets())
    one.clock.ms += HOUR
    vi.advanceTimersByTime(MINUTE)
    expect(read()).toEqual(texts(5, 4))
    one.clock.ms -= HOUR
    one.ring.verify('x', { purpose: 'a' })
    expect(read()).toEqual(texts(4, 5))
    one.clock.ms += HOUR
    one.ring.secrets()
    expect(read()).toEqual(texts(5, 4))
  })

  test('is one for each life, however often it is asked for', () => {
    const { ring } = ringAt()
    expect(ring.liveSecrets()).toBe(ring.liveSecrets({ life: ring.guaranteedLife }))
    expect(ring.liveSecrets({ life: '1d' })).toBe(ring.liveSecrets({ life: 86_400 }))
    expect(ring.liveSecrets({ life: '1d' })).not.toBe(ring.liveSecrets())
  })

  test('is made for a hundred lives at most', () => {
    const { ring } = ringAt()
    for (let life = 1; life <= 100; life += 1) ring.liveSecrets({ life })
    expect(thrown(() => ring.liveSecrets({ life: 101 }))).toMatchObject({ code: 'bad-option', place: 'life' })
    expect(ring.liveSecrets({ life: 100 })).toHaveLength(2)
  })

  test('has one timer for all, while a change is ahead, and then none', () => {
    const { ring, clock } = ringAt({ told: { good_for: 60 } })
    expect(vi.getTimerCount()).toBe(0)
    ring.liveSecrets()
    ring.liveSecretBuffers()
    ring.liveSecrets({ life: 1 })
    expect(vi.getTimerCount()).toBe(1)
    // The second key's end is the last date that matters.
    clock.ms += 30 * DAY
    vi.advanceTimersByTime(MINUTE)
    expect(vi.getTimerCount()).toBe(0)
    ringAt({ told: null }).ring.liveSecrets()
    expect(vi.getTimerCount()).toBe(0)
  })
})
