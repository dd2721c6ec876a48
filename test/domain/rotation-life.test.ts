import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GracePeriod } from '../../src/domain/grace.ts'
import { currentVersion, type KeyVersion, pendingFiller } from '../../src/domain/keyset.ts'
import {
  afterTransitions,
  decideStep,
  fillerPromotion,
  nextWakeAt,
  type Pair,
  promotion,
  publishedPair,
  type RotationReason,
  type Situation,
} from '../../src/domain/rotation.ts'
import { nextRotationAt } from '../../src/domain/schedule.ts'
import { keyVersion } from './support/key-version.ts'

const HOUR = 3_600_000
const PERIOD_MS = 24 * HOUR

/** What the world does to one resource: time passes, a person acts, a worker takes one step. */
const anyEvent = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.integer({ min: 1, max: 40 * HOUR }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('manual', 'revoke'), ms: fc.constant(0) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('step'), ms: fc.constant(0) }) },
)
const anyGrace: fc.Arbitrary<GracePeriod> = fc.oneof(
  fc.constant({ until: 'next-rotation' } as const),
  fc.integer({ min: 2, max: 60 }).map((hours) => ({ until: 'elapsed', ms: hours * HOUR }) as const),
)
const anyLife = fc.tuple(anyGrace, fc.array(anyEvent, { minLength: 1, maxLength: 60 }))

type Pushed = { pair: Pair; before: Pair; reason: RotationReason | 'filler' }

/** Plays a life by the decisions of the protocol alone, and answers every situation it passed through. */
function play([grace, events]: [GracePeriod, { kind: string; ms: number }[]]) {
  let now = new Date('2026-03-03T12:00:00Z')
  let situation: Situation = {
    keyset: [keyVersion(1, 'previous', { filler: true }), keyVersion(2, 'current')],
    grace,
    nextRotationAt: new Date(now.getTime() + PERIOD_MS),
    openRotation: null,
    pause: null,
    checkAt: null,
  }
  const situations = [{ situation, now }]
  const pushes: Pushed[] = []

  function open(reason: RotationReason): void {
    const keyset = situation.keyset.map((key): KeyVersion => {
      return reason === 'revoke' && key.stage === 'pending' ? { ...key, stage: 'retired' } : key
    })
    situation = { ...situation, keyset, openRotation: { reason, dueAt: now } }
  }

  function takeStep(): void {
    const { keyset, openRotation } = situation
    const step = decideStep(situation, now)
    const version = 1 + Math.max(...keyset.map((key) => key.version))
    if (step.step === 'create') {
      const { reason, dueAt } = step
      const made = [keyVersion(version, 'pending')]
      if (reason === 'revoke' && !pendingFiller(keyset)) {
        made.push(keyVersion(version + 1, 'pending', { filler: true }))
      }
      situation = { ...situation, keyset: [...keyset, ...made], openRotation: { reason, dueAt } }
    } else if (step.step === 'create-filler') {
      situation = { ...situation, keyset: [...keyset, keyVersion(version, 'pending', { filler: true })] }
    } else if (step.step === 'publish' && openRotation) {
      pushes.push({ pair: step.pair, before: publishedPair(keyset), reason: openRotation.reason })
      const next = nextRotationAt(openRotation.dueAt, PERIOD_MS, now)
      const schedule = { grace, publishedAt: now, nextRotationAt: next }
      const after = afterTransitions(keyset, promotion(keyset, openRotation.reason, schedule))
      situation = { ...situation, keyset: after, openRotation: null, nextRotationAt: next }
    } else if (step.step === 'publish-filler') {
      pushes.push({ pair: step.pair, before: publishedPair(keyset), reason: 'filler' })
      situation = { ...situation, keyset: afterTransitions(keyset, fillerPromotion(keyset)) }
    } else if (step.step === 'erase') {
      const erased = step.versions.map((v) => ({ version: v, to: 'retired', graceEndsAt: null }) as const)
      situation = { ...situation, keyset: afterTransitions(keyset, erased) }
    }
  }

  for (const { kind, ms } of events) {
    now = new Date(now.getTime() + ms)
    if (kind === 'manual' && !situation.openRotation) open('manual')
    if (kind === 'revoke' && situation.openRotation?.reason !== 'revoke') open('revoke')
    if (kind === 'step') takeStep()
    situations.push({ situation, now })
  }
  return { situations, pushes, last: { situation, now } }
}

test('whatever happens, one key signs, at most one is pending, and no version number is used twice', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      for (const { situation } of play(life).situations) {
        const { keyset } = situation
        expect(keyset.filter(({ stage }) => stage === 'current')).toHaveLength(1)
        expect(keyset.filter(({ stage, filler }) => stage === 'pending' && !filler).length).toBeLessThan(2)
        expect(keyset.filter(({ stage, filler }) => stage === 'pending' && filler).length).toBeLessThan(2)
        expect(new Set(keyset.map(({ version }) => version)).size).toBe(keyset.length)
        expect(currentVersion(keyset).filler).toBe(false)
      }
    }),
  )
})

test('whatever happens, a push keeps the former first key: second after a rotation, first beside a filler', () => {
  fc.assert(
    fc.property(anyLife, (life) => {
      for (const { pair, before, reason } of play(life).pushes) {
        if (reason === 'filler') expect(pair.first).toBe(before.first)
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
      let published: Pair = { first: 2, second: 1 }
      const { situations, pushes } = play(life)
      const remaining = [...pushes]
      for (const { situation } of situations) {
        const now = publishedPair(situation.keyset)
        if (now.first !== published.first || now.second !== published.second) {
          const push = remaining.shift()
          expect(push?.pair).toEqual(now)
          published = now
        }
        const stages = new Map(situation.keyset.map(({ version, stage }) => [version, stage]))
        expect([stages.get(published.first), stages.get(published.second)]).toEqual(['current', 'previous'])
      }
      expect(remaining).toEqual([])
    }),
  )
})

test('a resource that waits needs nothing until the moment that was named, and something at that moment', () => {
  fc.assert(
    fc.property(anyLife, fc.double({ min: 0, max: 1, noNaN: true }), (life, part) => {
      const { situation, now } = play(life).last
      const step = decideStep(situation, now)
      if (step.step !== 'wait') return
      const wakeAt = nextWakeAt(situation, now)
      if (!wakeAt) throw new Error('a resource that is not paused has a next moment')
      const leftMs = wakeAt.getTime() - now.getTime()
      expect(leftMs).toBeGreaterThan(0)
      const before = new Date(now.getTime() + Math.floor(part * (leftMs - 1)))
      expect(decideStep(situation, before).step).toBe('wait')
      expect(decideStep(situation, wakeAt).step).not.toBe('wait')
    }),
  )
})

test('a worker that keeps stepping comes to rest within ten steps', () => {
  fc.assert(
    fc.property(anyLife, ([grace, events]) => {
      const steps = Array.from({ length: 10 }, () => ({ kind: 'step', ms: 0 }))
      const { situation, now } = play([grace, [...events, ...steps]]).last
      expect(decideStep(situation, now).step).toBe('wait')
    }),
  )
})
