import { createChangeWriter } from '../flows/change-writer.ts'
import type { Deps } from '../flows/deps.ts'
import { claimDueGrants, exchangeGrant } from '../flows/grants/exchange-grants.ts'
import { createGrantFinish } from '../flows/grants/finish-grant.ts'
import { askAnother } from '../flows/heroku/ask-another.ts'
import { claimDueOwnKeys, lookAtOwnKey } from '../flows/own-keys/look-at-own-key.ts'
import { createGroupClaims, type Outcome } from '../flows/rotation/group.ts'
import { rotateGroup } from '../flows/rotation/rotate.ts'
import type { UnsealGuard } from '../flows/rotation/unseal-guard.ts'
import { claimDueMakerLooks, lookAtMakers } from '../flows/tokens/look-at-makers.ts'
import { createSlots } from './slots.ts'

/** Work that comes due and is claimed in batches. */
export type Job = {
  name: string
  /** How many batches are under way at a time. */
  batchesAtATime: number
  /** Looked after in between, while another job works off a backlog. */
  urgent: boolean
  /** Claims a batch and returns the work on it; undefined when nothing is due. */
  claim: () => Promise<(() => Promise<Outcome[]>) | undefined>
}

export type JobOptions = {
  /** Most rotations in flight at a time in this process. */
  concurrency: number
  /** Most resources in one claim. Small enough to be served well within a lease. */
  claimLimit: number
  /** Aborted when a shutdown begins; and when it has waited long enough, so that calls end too. */
  closing: AbortSignal
  shutdown: AbortSignal
}

/** Everything that a worker does at a tick, in the order in which it looks. */
export function createJobs(deps: Deps, unsealing: UnsealGuard, options: JobOptions): Job[] {
  return [
    grantsJob(deps, unsealing),
    rotationsJob(deps, unsealing, options),
    questionsJob(deps, unsealing, options),
    makersJob(deps, unsealing, options),
  ]
}

const GRANTS_PER_BATCH = 20

/** A grant code lives for minutes, so no backlog of rotations may keep it waiting. */
function grantsJob(deps: Deps, unsealing: UnsealGuard): Job {
  const finish = createGrantFinish(deps)
  return {
    name: 'grants',
    batchesAtATime: 1,
    urgent: true,
    async claim() {
      if (!(await unsealing.mayClaim())) return undefined
      const grants = await claimDueGrants(deps, GRANTS_PER_BATCH)
      if (grants.length === 0) return undefined
      return async () => {
        await Promise.all(grants.map((grant) => exchangeGrant(deps, finish, grant, unsealing)))
        return []
      }
    },
  }
}

/** With two, calls stopped while the second was published and the third not yet prepared: half of them, at 100 ms each. */
const GROUPS_AT_A_TIME = 4
/** Promotions are gathered for so long; one that is lost with the process is read back later. */
const GATHER_MS = 20

/** While calls are held back, a few resources at a time try whether they must be; the others wait unclaimed. */
const CLAIMED_IN_TROUBLE = 5

function rotationsJob(
  deps: Deps,
  unsealing: UnsealGuard,
  { concurrency, claimLimit, closing, shutdown }: JobOptions,
): Job {
  const claimGroup = createGroupClaims(deps)
  const run = createSlots(concurrency)
  const store = createChangeWriter(deps, 0)
  const write = createChangeWriter(deps, GATHER_MS)
  return {
    name: 'rotations',
    batchesAtATime: GROUPS_AT_A_TIME,
    urgent: false,
    async claim() {
      // Neither is waited for where it is known: a claim begins at once.
      const mayClaim = unsealing.mayClaim()
      if (mayClaim !== true && !(await mayClaim)) return undefined
      const holding = deps.troubles.isHoldingBack()
      const inTrouble = typeof holding === 'boolean' ? holding : await holding
      const group = await claimGroup(inTrouble ? Math.min(claimLimit, CLAIMED_IN_TROUBLE) : claimLimit)
      if (!group) return undefined
      // The claim may have been the first to reach another server: what is in doubt depends on which one it is.
      await deps.installation.lookNow({ alive: true })
      const callsMs = Math.max(0, group.callsUntil.getTime() - group.now().getTime())
      // One signal for the group, since one for each call would cost like the call.
      const callSignal = AbortSignal.any([shutdown, AbortSignal.timeout(callsMs)])
      return () => rotateGroup(deps, { ...group, closing, callSignal, run, unsealing, store, write })
    },
  }
}

/** Where it is open whose failure it is, or nobody who is due shows that a trouble is over, another resource is asked. */
function questionsJob(deps: Deps, unsealing: UnsealGuard, { shutdown }: JobOptions): Job {
  return {
    name: 'questions',
    batchesAtATime: 1,
    urgent: true,
    async claim() {
      if (!(await unsealing.mayClaim())) return undefined
      const question = await deps.troubles.takeQuestion()
      if (!question) return undefined
      return async () => {
        await askAnother(deps, question, shutdown)
        return []
      }
    },
  }
}

const OWN_KEYS_PER_BATCH = 10

/**
 * Customers' own keys: whether AWS still lets us use them. Done beside the ticks: neither a backlog of rotations nor a
 * Heroku that lets us wait may put a suspension off, and a look for which AWS lets us wait holds up no tick.
 */
export function ownKeysJob(deps: Deps): Job {
  return {
    name: 'own keys',
    batchesAtATime: 1,
    urgent: true,
    async claim() {
      if (!deps.kms) return undefined
      const claimed = await claimDueOwnKeys(deps, OWN_KEYS_PER_BATCH)
      if (claimed.length === 0) return undefined
      return async () => {
        await Promise.all(claimed.map((each) => lookAtOwnKey(deps, each)))
        return []
      }
    },
  }
}

const LOOKS_PER_BATCH = 10
const BATCH_EVERY_MS = 8_000
/** A tick waits for what it has begun, and the next rotations with it. */
const BATCH_LIMIT_MS = 4_000

/** Whether those who made tokens may still work on the apps: last of all, one batch a tick, and not while Heroku is in trouble. */
function makersJob(deps: Deps, unsealing: UnsealGuard, { shutdown }: JobOptions): Job {
  let begunMs = Number.NEGATIVE_INFINITY
  return {
    name: 'makers',
    batchesAtATime: 1,
    urgent: false,
    async claim() {
      if (deps.steadyMs() - begunMs < BATCH_EVERY_MS) return undefined
      if (!(await unsealing.mayClaim()) || (await deps.troubles.isHoldingBack())) return undefined
      begunMs = deps.steadyMs()
      const looks = await claimDueMakerLooks(deps, LOOKS_PER_BATCH)
      if (looks.length === 0) return undefined
      return async () => {
        const signal = AbortSignal.any([shutdown, AbortSignal.timeout(BATCH_LIMIT_MS)])
        await Promise.all(looks.map((look) => lookAtMakers(deps, look, signal)))
        return []
      }
    },
  }
}
