import fc from 'fast-check'
import { expect, test } from 'vitest'
import { liveVersions, type Pair, publishedPair } from '../../src/domain/keyset.ts'
import { isPaused } from '../../src/domain/pause.ts'
import { decideStep, nextWakeAt } from '../../src/domain/rotation.ts'
import { anyLife, type LifeEvent, play } from './support/life.ts'

const HOUR = 3_600_000

test('whatever happens, one key signs, at most one is pending, and no version number is used twice', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      for (const { state } of play(life).moments) {
        const { current, second, pending, pendingFiller } = state.keyset
        const versions = liveVersions(state.keyset)
        expect(new Set(versions).size).toBe(versions.length)
        // A pending key is no filler, and the other way round; neither is in the config var yet.
        expect(pending === null || pending !== pendingFiller).toBe(true)
        expect([pending, pendingFiller]).not.toContain(current)
        expect([pending, pendingFiller]).not.toContain(second.version)
        expect(Math.max(...versions)).toBeLessThanOrEqual(state.lastVersion)
      }
    }),
  )
})

test('whatever happens, a push keeps the former first key: second after a rotation, first beside a filler', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      for (const { pair, before, reason } of play(life).pushes) {
        if (reason === 'next') expect({ ...pair, next: null }).toEqual({ ...before, next: null })
        else if (reason === 'filler') expect(pair.first).toBe(before.first)
        else if (reason === 'revoke') expect([before.first, before.second]).not.toContain(pair.second)
        else expect(pair.second).toBe(before.first)
        expect(pair.first).not.toBe(pair.second)
      }
    }),
  )
})

test('whatever happens, no key that is in the config var is ever erased', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      let published: Pair = { first: 2, second: 1, next: null }
      const { moments, pushes } = play(life)
      const remaining = pushes.filter(({ reason }) => reason !== 'next')
      for (const { state, erased } of moments) {
        const now = publishedPair(state.keyset)
        if (now.first !== published.first || now.second !== published.second) {
          const push = remaining.shift()
          expect(push?.pair).toEqual(now)
          published = now
        }
        expect(erased).not.toContain(published.first)
        expect(erased).not.toContain(published.second)
      }
      expect(remaining).toEqual([])
    }),
  )
})

test('whatever happens, a rotation promotes the very key that was announced, and announces another', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      let listed: number | null = null
      for (const { pair, reason } of play(life).pushes) {
        const rotates = reason !== 'filler' && reason !== 'next' && reason !== 'revoke'
        if (rotates && listed !== null) expect(pair.first).toBe(listed)
        expect([pair.first, pair.second]).not.toContain(pair.next)
        // Nothing but a rotation or a switch takes the place of it.
        if (reason === 'filler' && listed !== null && pair.next !== null) expect(pair.next).toBe(listed)
        listed = pair.next
      }
    }),
    { numRuns: 500 },
  )
})

test('whatever happens, an announced key is erased by a revoke, or once Heroku has confirmed a keyring without it', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      let listed: number | null = null
      for (const { pushed, erased, event } of play(life).moments) {
        const before = listed
        if (pushed) listed = pushed.pair.next
        if (before === null || event === 'revoke') continue
        if (erased.includes(before)) expect(listed).not.toBe(before)
      }
    }),
    { numRuns: 500 },
  )
})

test('a resource that waits needs nothing until the moment that was named, and something at that moment', () => {
  fc.assert(
    fc.property(anyLife, fc.double({ min: 0, max: 1, noNaN: true }), (life, part) => {
      const { state, now, grace } = play(life).last
      const situation = { ...state, grace }
      const step = decideStep(situation, now)
      if (step.step !== 'wait') return
      const wakeAt = nextWakeAt(situation, now)
      const paused = isPaused(state.pause, now)
      if (!wakeAt) {
        expect(paused).toBe(true)
        return
      }
      const leftMs = wakeAt.getTime() - now.getTime()
      expect(leftMs).toBeGreaterThan(0)
      const before = new Date(now.getTime() + Math.floor(part * (leftMs - 1)))
      expect(decideStep(situation, before).step).toBe('wait')
      // The end of a pause is looked at, whether or not something has come due during it.
      if (!paused) expect(decideStep(situation, wakeAt).step).not.toBe('wait')
    }),
  )
})

test('a worker that keeps stepping comes to rest within ten steps', () => {
  fc.assert(
    fc.property(anyLife, ([grace, events]) => {
      // Later than every lease, delay and postponement; a stuck rotation is retried.
      const settled: LifeEvent[] = [
        { kind: 'time', ms: 41 * HOUR },
        { kind: 'windows', windows: [] },
        { kind: 'thaw' },
        { kind: 'time', ms: 25 * HOUR },
        { kind: 'retry' },
      ]
      const steps = Array.from({ length: 10 }, (): LifeEvent[] => [{ kind: 'tick' }, { kind: 'answer' }])
      const { state, now, grace: present } = play([grace, [...events, ...settled, ...steps.flat()]]).last
      expect(decideStep({ ...state, grace: present }, now).step).toBe('wait')
      expect(state.claimedUntil).toBeNull()
    }),
  )
})

test('whatever happens, nothing of the schedule is sent outside of the windows or in a freeze', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      for (const { reason, open, pressed } of play(life).pushes) {
        const isOfSchedule = reason === 'scheduled' || reason === 'plan-change' || reason === 'filler'
        if (isOfSchedule && !pressed) expect(open).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})
