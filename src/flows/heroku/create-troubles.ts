import {
  type Cause,
  causeOf,
  failingSinceSuccess,
  holdsBack,
  isCovered,
  type Operation,
  ownerOf,
  probeEveryMs,
  proves,
  questionOf,
  RESOURCES_FOR_A_VERDICT,
  type Trouble,
} from '../../domain/trouble.ts'
import { findTroubles, findVerdicts, type StoredTrouble, takeProbe } from '../../store/troubles.ts'
import type { Deps } from '../deps.ts'
import { createSuccesses } from './successes.ts'
import { MOST_FAILING_KEPT, recordFailure, recordSuccess, settle } from './trouble-book.ts'
import type { Troubles } from './troubles.ts'

const LOOK_EVERY_MS = 5_000
/** So much longer a resource that has failed already waits before it tries: others tell more. */
const KNOWN_FAILING_WAIT_MS = 15_000
const PASS_MS = 30_000
const NOTE_SUCCESS_EVERY_MS = 60_000

/**
 * The troubles of one process. All moments are those of the database's clock: a process whose own clock is wrong must not
 * hold the others back for hours.
 */
export function createTroubles({ db, steadyMs, log }: Pick<Deps, 'db' | 'steadyMs' | 'log'>): Troubles {
  const deps = { db, log, now }
  const successes = createSuccesses()
  const missing = new Set<string>()
  const passes = new Map<string, number>()
  let known = new Map<Cause, StoredTrouble>()
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined
  /** From this process's steady clock to the one that all share; there is none before the first look. */
  let aheadMs = Number.NaN

  function now(): Date {
    return new Date(steadyMs() + aheadMs)
  }

  function isFresh(): boolean {
    return steadyMs() - lookedAtMs < LOOK_EVERY_MS
  }

  function learn(cause: Cause, trouble: StoredTrouble | undefined): void {
    if (trouble) known.set(cause, trouble)
    else known.delete(cause)
  }

  async function look(): Promise<void> {
    looking ??= read().finally(() => {
      looking = undefined
    })
    await looking
  }

  async function read(): Promise<void> {
    try {
      const found = await findTroubles(db)
      aheadMs = found.now.getTime() - steadyMs()
      known = new Map(found.troubles.map((trouble) => [trouble.cause, trouble]))
      for (const trouble of found.troubles) learn(trouble.cause, await settle(deps, trouble))
    } catch (error) {
      log.warn({ err: error }, 'troubles not read')
    }
    lookedAtMs = steadyMs()
  }

  /** The right to try whether a trouble is over goes to one caller over all processes. */
  async function takeRight({ cause, probeAt, verdictAt }: Trouble, overdueMs: number): Promise<boolean> {
    const overdue = now().getTime() - probeAt.getTime()
    if (overdue < overdueMs) return false
    const everyMs = probeEveryMs({ verdictAt }, now())
    const next = await takeProbe(db, { cause, overdueMs, everyMs })
    const trouble = known.get(cause)
    // Whoever was faster has moved it by about as much.
    const moved = next ?? new Date(now().getTime() + everyMs)
    if (trouble) known.set(cause, { ...trouble, probeAt: moved })
    return next !== undefined
  }

  function letThrough(resourceId: string): void {
    const nowMs = steadyMs()
    for (const [id, until] of passes) if (until <= nowMs) passes.delete(id)
    passes.set(resourceId, nowMs + PASS_MS)
  }

  function hasPass(resourceId: string): boolean {
    return (passes.get(resourceId) ?? Number.NEGATIVE_INFINITY) > steadyMs()
  }

  async function heldBackMs(operation: Operation, resourceId: string): Promise<number> {
    if (!isFresh()) await look()
    for (const trouble of known.values()) {
      if (!holdsBack(trouble, operation) || hasPass(resourceId)) continue
      const hasFailed = trouble.failing.some((each) => each.resourceId === resourceId)
      if (!(await takeRight(trouble, hasFailed ? KNOWN_FAILING_WAIT_MS : 0).catch(() => false))) {
        return Math.max(1_000, trouble.probeAt.getTime() - now().getTime())
      }
      letThrough(resourceId)
    }
    return 0
  }

  function isAnyHeldBack(): boolean {
    return [...known.values()].some((trouble) => holdsBack(trouble, 'token') || holdsBack(trouble, 'write'))
  }

  return {
    waitMs(operation, resourceId) {
      return known.size === 0 && isFresh() ? 0 : heldBackMs(operation, resourceId)
    },

    succeeded(operation, resourceId) {
      if (Number.isNaN(aheadMs)) return undefined
      successes.note(operation, resourceId, now())
      if (operation !== 'token') missing.clear()
      const told = [...known.values()].filter((trouble) => isNews(trouble, operation, resourceId, now()))
      if (told.length === 0) return undefined
      const writes = told.map(async ({ cause }) =>
        learn(cause, await recordSuccess(deps, { cause, operation, resourceId })),
      )
      return Promise.all(writes).then(
        () => undefined,
        (error: unknown) => log.warn({ err: error, resourceId }, 'success not noted'),
      )
    },

    async failed(operation, resourceId, failure) {
      passes.delete(resourceId)
      const cause = causeOf(operation, failure)
      if (!cause || Number.isNaN(aheadMs)) return undefined
      const trouble = known.get(cause)
      if (trouble?.verdictAt && trouble.failing.length >= MOST_FAILING_KEPT) return ownerOf(cause)
      try {
        const seen = { cause, operation, resourceId, failure }
        const present = await recordFailure(deps, seen, (past) => successes.added(past, resourceId))
        learn(cause, present)
        return isCovered(present, resourceId, now()) ? ownerOf(cause) : undefined
      } catch (error) {
        log.warn({ err: error, resourceId }, 'failure not noted')
        return undefined
      }
    },

    async verdicts() {
      const proved = await findVerdicts(db)
      return proved.map(({ cause, since }) => ({ owner: ownerOf(cause), cause, since }))
    },

    isHoldingBack() {
      return isFresh() ? isAnyHeldBack() : look().then(isAnyHeldBack)
    },

    async takeQuestion() {
      if (!isFresh()) await look()
      for (const trouble of known.values()) {
        const operation = questionOf(trouble)
        if (!operation || !(await takeRight(trouble, 0))) continue
        return { operation, except: trouble.failing.map(({ resourceId }) => resourceId) }
      }
      return undefined
    },

    missingTogether(resourceId) {
      const before = missing.size
      if (before < MOST_FAILING_KEPT) missing.add(resourceId)
      if (missing.size < RESOURCES_FOR_A_VERDICT) return false
      if (before < RESOURCES_FOR_A_VERDICT) log.error({}, 'Heroku says that it knows none of several add-ons')
      return true
    },

    letThrough,
  }
}

/** Whether a success changes what is known. That somebody fails while others succeed is noted now and then only. */
function isNews(trouble: Trouble, operation: Operation, resourceId: string, now: Date): boolean {
  const touched = trouble.failing.filter((each) => proves(operation, each.operation))
  if (touched.length === 0) return false
  if (touched.some((each) => each.resourceId === resourceId)) return true
  if (failingSinceSuccess(trouble).some((each) => proves(operation, each.operation))) return true
  const last = trouble.succeededAt[operation]
  return last === null || now.getTime() - last.getTime() >= NOTE_SUCCESS_EVERY_MS
}
