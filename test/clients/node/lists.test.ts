import { describe, expect, test } from 'vitest'
import { DAY, entry, HOUR, keyText, MINUTE, ROTATED, ringAt, thrown } from './support/rings.ts'

const texts = (...versions: number[]) => versions.map(keyText)
const bytes = (...versions: number[]) => versions.map((version) => Buffer.from(keyText(version), 'hex'))

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
    expect(ring.secrets()).toEqual(texts(5, 4))
    expect(ring.secretBuffers()).toEqual(bytes(5, 4))
    expect(ring.verify(ring.sign('x', { purpose: 'a', expiresIn: 1 }), { purpose: 'a' }).ok).toBe(true)
  })

  test('may be copied from a ring without settle time: it signs with the first key from the start', () => {
    const { ring, clock } = ringAt({}, { settle: 0 })
    const copy = [...ring.secrets()]
    expect(copy).toEqual(texts(5, 4))
    clock.ms += DAY
    expect(ring.secrets()).toEqual(copy)
  })

  test('holds both keys even if the clock tells no time', () => {
    expect(ringAt({ told: all }, { now: () => Number.NaN }).ring.secrets()).toEqual(texts(5, 4, 6))
  })

  test.each([0, -1, '7 days', null, Number.NaN])('of the life %j is refused', (life) => {
    const { ring } = ringAt()
    for (const list of [ring.secrets, ring.secretBuffers, ring.liveSecrets]) {
      expect(thrown(() => list({ life: life as number }))).toMatchObject({ code: 'bad-life' })
    }
  })
})

describe('a live list', () => {
  /** The end of all that runs without a pause: until then a list is the same. */
  const pause = () => Promise.resolve()

  test('changes by itself when the settle time ends', async () => {
    const { ring, clock } = ringAt()
    const list = ring.liveSecrets()
    expect([...list]).toEqual(texts(4, 5))
    clock.ms += 10 * MINUTE - 1
    await pause()
    expect([...list]).toEqual(texts(4, 5))
    clock.ms += 1
    await pause()
    expect([...list]).toEqual(texts(5, 4))
    // And back, with a clock that is put back.
    clock.ms -= 1
    await pause()
    expect([...list]).toEqual(texts(4, 5))
  })

  test('signs with the first key as soon as the second would end before the life it was told', async () => {
    const told = { keys: [entry.sign(5), entry.verify(4, ROTATED + 3 * HOUR)] }
    const { ring, clock } = ringAt({ told })
    const list = ring.liveSecrets({ life: '2h' })
    expect(list[0]).toBe(keyText(4))
    clock.ms += 1
    await pause()
    expect(list[0]).toBe(keyText(5))
  })

  test('drops a further key at its end', async () => {
    const keys = [entry.sign(5), entry.verify(4), entry.further(3, ROTATED + 40 * DAY)]
    const { ring, clock } = ringAt({ told: { keys }, at: 40 * DAY - 1, startedAt: 0 })
    const list = ring.liveSecrets()
    expect(list).toHaveLength(3)
    clock.ms += 1
    await pause()
    expect(list).toHaveLength(2)
    expect(2 in list).toBe(false)
  })

  test('is one list to a loop over it, even if the settle time ends meanwhile', async () => {
    const { ring, clock } = ringAt()
    const list = ring.liveSecrets()
    const seen: (string | undefined)[] = []
    for (let at = 0; at < list.length; at += 1) {
      seen.push(list[at])
      clock.ms += 10 * MINUTE
    }
    expect(seen).toEqual(texts(4, 5))
    await pause()
    expect([...list]).toEqual(texts(5, 4))
  })

  test('is a list to whoever asks, and nobody can change it', () => {
    const list = ringAt().ring.liveSecrets()
    expect(Array.isArray(list)).toBe(true)
    expect(Object.keys(list)).toEqual(['0', '1'])
    expect(list.map((text) => text.length)).toEqual([64, 64])
    expect(() => list.push('x')).toThrow(TypeError)
    expect(() => list.splice(0, 1)).toThrow(TypeError)
    expect(() => list.reverse()).toThrow(TypeError)
    expect([...list]).toEqual(texts(4, 5))
  })

  test('cannot be frozen, and is a list all the same after a try', () => {
    const list = ringAt().ring.liveSecrets()
    for (const freeze of [Object.freeze, Object.seal, Object.preventExtensions]) {
      expect(() => freeze(list)).toThrow(TypeError)
    }
    expect([...list, ...Object.keys(list)]).toEqual([...texts(4, 5), '0', '1'])
  })
})
