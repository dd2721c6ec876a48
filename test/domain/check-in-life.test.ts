import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterHoldingBack } from '../../src/domain/after-look.ts'
import { hearsProcesses, heldBackFor, mayWaitUntil } from '../../src/domain/hold-back.ts'
import { decideStep, type Step } from '../../src/domain/rotation.ts'
import { anyLife, type Life, type LifeEvent, type Moment, play } from './support/life.ts'

const HOUR = 3_600_000
const CEILING_MS = 24 * HOUR

/** A schedule that nobody touches: time passes, a worker looks, Heroku answers. In between processes say this or that. */
type Said = { ms: number; word: 'heard' | 'unheard' | null }
const anySchedule = fc.tuple(
  fc.constantFrom<Life[0]>(
    { until: 'next-rotation' },
    { until: 'elapsed', ms: 2 * HOUR },
    { until: 'elapsed', ms: 9 * HOUR },
  ),
  fc.array(
    fc.record<Said>({
      ms: fc.oneof(fc.integer({ min: 1, max: 3 * HOUR }), fc.integer({ min: 1, max: 30 * HOUR })),
      word: fc.oneof(
        { weight: 3, arbitrary: fc.constant(null) },
        { weight: 2, arbitrary: fc.constant('heard' as const) },
        { weight: 1, arbitrary: fc.constant('unheard' as const) },
      ),
    }),
    { minLength: 5, maxLength: 60, size: 'max' },
  ),
)

function lifeOf(said: readonly Said[], listens: boolean): LifeEvent[] {
  return said.flatMap(({ ms, word }): LifeEvent[] => [
    ...(word && listens ? [{ kind: word }] : []),
    { kind: 'time', ms },
    // What waits for a push is pushed, and what comes due with that too.
    ...Array.from({ length: 3 }, (): LifeEvent[] => [{ kind: 'tick' }, { kind: 'answer' }]).flat(),
  ])
}

/** When each key that signed began to sign, and when it left the config var: by its place in the line, not by its number. */
function lineOf(moments: readonly Moment[]): { from: number; gone: number | null }[] {
  const line: { version: number; from: number; gone: number | null }[] = []
  for (const { state, now } of moments) {
    const { current, second } = state.keyset
    if (line.at(-1)?.version !== current) line.push({ version: current, from: now.getTime(), gone: null })
    for (const each of line) {
      if (each.gone === null && each.version !== current && each.version !== second.version) {
        each.gone = now.getTime()
      }
    }
  }
  return line
}

describe('whatever processes say', () => {
  test('no key begins to sign, and none leaves the config var, earlier than without it', () => {
    let held = 0
    fc.assert(
      fc.property(anySchedule, ([grace, said]) => {
        const without = lineOf(play([grace, lifeOf(said, false)]).moments)
        const { moments } = play([grace, lifeOf(said, true)])
        held += moments.some(({ state }) => state.heldBack) ? 1 : 0
        for (const [place, { from, gone }] of lineOf(moments).entries()) {
          const free = without[place]
          expect(free).toBeDefined()
          expect(from).toBeGreaterThanOrEqual(free?.from ?? Number.POSITIVE_INFINITY)
          if (gone !== null) {
            expect(free?.gone).not.toBeNull()
            expect(gone).toBeGreaterThanOrEqual(free?.gone ?? Number.POSITIVE_INFINITY)
          }
        }
      }),
      { numRuns: 600 },
    )
    // Enough of these lives were held back for this to say anything.
    expect(held).toBeGreaterThan(200)
  })

  test('a key that is held back goes at the first look a day later at the latest', () => {
    fc.assert(
      fc.property(anySchedule, ([grace, said]) => {
        const since = new Map<number, number>()
        for (const { state, now, event } of play([grace, lifeOf(said, true)]).moments) {
          const { second } = state.keyset
          if (state.heldBack) {
            const began = since.get(second.version) ?? state.heldBack.since.getTime()
            since.set(second.version, began)
            // The end never moves, whatever is said meanwhile.
            expect(state.heldBack.until.getTime()).toBe(began + CEILING_MS)
          }
          const began = since.get(second.version)
          if (event === 'answer' && began !== undefined && now.getTime() >= began + CEILING_MS) {
            expect.unreachable(`version ${second.version} is still there`)
          }
        }
      }),
      { numRuns: 600 },
    )
  })

  test('a step is as it would be without, or waits: never another, nor an earlier one', () => {
    fc.assert(
      fc.property(
        anyLife,
        fc.array(fc.constantFrom('a', 'b', '(not named)'), { minLength: 1 }),
        (life, heard) => {
          const { state, now, grace } = play(life).last
          const step = decideStep({ ...state, grace }, now)
          const until = mayWaitUntil(state, step, now)
          if (!until) return
          expect(isTakingOut(step)).toBe(true)
          expect(heldBackFor(state, { lagging: [], heard: [], until }, now)).toBeUndefined()
          const heldBack = heldBackFor(state, { lagging: [], heard, until }, now)
          if (!heldBack) throw new Error('it is not held back')
          const after = afterHoldingBack(state, heldBack, grace, now)
          expect(heldBack.until.getTime() - heldBack.since.getTime()).toBe(CEILING_MS)
          expect(after.keyset).toEqual(state.keyset)
          expect(after.nextRotationAt).toEqual(state.nextRotationAt)
          // Not even the look at the config comes earlier.
          expect(after.checkAt).toEqual(state.checkAt)
          expect(isTakingOut(decideStep({ ...after, grace }, now))).toBe(false)
          expect(after.wakeAt === null || after.wakeAt > now || state.checkAt !== null).toBe(true)
          const atTheEnd = decideStep({ ...after, grace }, heldBack.until)
          expect(mayWaitUntil(after, atTheEnd, heldBack.until)).toBeUndefined()
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

test('neither a revoke nor what a person presses listens to any process', () => {
  const dueAt = new Date(0)
  expect(hearsProcesses({ step: 'create', reason: 'manual', dueAt })).toBe(false)
  for (const reason of ['scheduled', 'plan-change'] as const) {
    expect(hearsProcesses({ step: 'create', reason, dueAt })).toBe(true)
  }
  expect(hearsProcesses({ step: 'create-filler' })).toBe(true)
  const { state, now } = play([
    { until: 'next-rotation' },
    lifeOf([{ ms: 30 * HOUR, word: null }], false),
  ]).last
  expect(state.keyset.second.filler).toBe(false)
  expect(mayWaitUntil(state, { step: 'create', reason: 'scheduled', dueAt }, now)).toBeDefined()
  expect(mayWaitUntil(state, { step: 'create', reason: 'revoke', dueAt }, now)).toBeUndefined()
})

function isTakingOut({ step }: Step): boolean {
  return step === 'create' || step === 'create-filler'
}
