import { afterOwnKeyLook, type Finding, findingOf, type OwnKey } from '../../domain/own-key-watch.ts'
import { uuidFrom } from '../../domain/random-uuid.ts'
import type { Kms } from '../../kms/create-kms.ts'
import { wakeHeldByOwnKey } from '../../store/claims.ts'
import {
  type ClaimedOwnKey,
  claimOwnKeys,
  countOtherOwnKeys,
  countProtected,
  endOwnKeyLook,
  restOwnKey,
} from '../../store/own-keys.ts'
import { findWrappedDeks } from '../../store/wrapped-deks.ts'
import type { Deps } from '../deps.ts'
import { tellOfOwnKey } from './tell-of-own-key.ts'

/** Longer than three calls to AWS in a row, each with all its tries. What is told afterwards needs no claim. */
const LEASE_MS = 60_000
/** What another key says of our rights is believed for so long. */
const WITNESS_MS = 2 * 60_000
/** So many keys that are refused at once are rather our fault than that of so many customers. */
const MANY = 3
/** Add-ons that have come due meanwhile are looked at so many milliseconds apart when a key works again, as a rule. */
const SPREAD_EACH_MS = 500
const LONGEST_SPREAD_MS = 30 * 60_000
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** Claims up to `limit` keys at which somebody must look. */
export async function claimDueOwnKeys(deps: Pick<Deps, 'db'>, limit: number): Promise<ClaimedOwnKey[]> {
  return await claimOwnKeys(deps.db, { leaseMs: LEASE_MS, limit })
}

/**
 * Looks whether a customer's own key still works: AWS describes it, and opens one data key that it has wrapped. What that
 * changes is written in one row, and holds for all add-ons of the key at once. A look that dies half way is made again.
 */
export async function lookAtOwnKey(deps: Deps, claimed: ClaimedOwnKey): Promise<void> {
  const { arn, key } = claimed
  try {
    const found = await lookFor(deps, claimed)
    if (!found) return await restOwnKey(deps.db, claimed)
    const isDoubtful = found.finding === 'refused' && !(await isTheCustomers(deps, arn, claimed.at))
    const finding: Finding = isDoubtful ? { finding: 'unknown', said: found.said } : found
    const { to, againInMs, change } = afterOwnKeyLook(key, finding, claimed.at)
    const jitterMs = (againInMs * deps.random(1).readUInt8()) / 2_560
    const end = {
      to,
      againInMs: againInMs - jitterMs,
      refused: finding.finding === 'refused',
      usable: finding.finding === 'usable',
    }
    const isOurs = await deps.db.transaction().execute(async (trx) => {
      if (!(await endOwnKeyLook(trx, claimed, end))) return false
      if (change === 'restored') await wakeHeldByOwnKey(trx, arn, await spreadMs(deps, arn))
      return true
    })
    if (!isOurs) return
    if (to.state !== key.state) {
      deps.log.warn({ arn, from: key.state, to: to.state, said: to.said }, 'encryption key of a customer')
    } else if (isPutOff(key, to)) {
      const fields = { arn, lookedAt: key.lookedAt, deadline: to.deadline }
      deps.log.warn(fields, 'encryption key of a customer was not watched, its ten minutes begin anew')
    } else if (isDoubtful) {
      deps.log.error({ arn, said: found.said }, 'refused by AWS, which may be for our own rights')
    } else if (finding.finding === 'unknown') {
      deps.log.warn({ arn, said: finding.said }, 'encryption key of a customer could not be looked at')
    }
    await tellOfOwnKey(deps, arn, to, claimed.at)
  } catch (error) {
    deps.log.error({ err: error, arn }, 'look at an encryption key interrupted')
  }
}

function isPutOff(from: OwnKey, to: OwnKey): boolean {
  return from.deadline !== null && to.deadline !== null && from.deadline.getTime() !== to.deadline.getTime()
}

/** Undefined: the key protects nothing. */
async function lookFor(deps: Deps, { arn }: ClaimedOwnKey): Promise<Finding | undefined> {
  const from = uuidFrom(deps.random(16))
  const [sample] = await findWrappedDeks(deps.db, { kekId: arn, from, except: NOBODY, limit: 1 })
  if (!sample) return undefined
  const { kms } = deps
  if (!kms) return { finding: 'unknown', said: 'no access to AWS is set' }
  const [described, opened] = await Promise.all([
    kms.describe(arn),
    kms.openDataKey(arn, sample.resourceId, sample.dek.wrapped),
  ])
  if (opened.ok) opened.value.fill(0)
  if (!opened.ok && opened.failure.kind === 'wrong') {
    const { detail } = opened.failure
    deps.log.error({ arn, resourceId: sample.resourceId, detail }, 'data key does not open')
  }
  return findingOf(described, opened)
}

/** Whether a refusal is the customer's doing: a key of our own still works, or those of others do. */
async function isTheCustomers(deps: Deps, arn: string, at: Date): Promise<boolean> {
  const canary = deps.settings.ownKeys?.canary
  if (canary !== undefined && deps.kms) return await doesAll(deps.kms, canary)
  const others = await countOtherOwnKeys(deps.db, arn, { at, withinMs: WITNESS_MS })
  return others.usable > 0 && (others.refused < MANY || others.refused < others.usable)
}

/** Whether a key of our own does all that is asked of a customer's: each right can be lost without the others. */
async function doesAll(kms: Kms, arn: string): Promise<boolean> {
  const [described, made] = await Promise.all([kms.describe(arn), kms.makeDataKey(arn, NOBODY)])
  if (made.ok) made.value.bytes.fill(0)
  if (!made.ok || !(described.ok || described.failure.kind === 'unsupported')) return false
  const opened = await kms.openDataKey(arn, NOBODY, made.value.wrapped)
  if (opened.ok) opened.value.fill(0)
  return opened.ok
}

async function spreadMs(deps: Pick<Deps, 'db'>, arn: string): Promise<number> {
  return Math.min(LONGEST_SPREAD_MS, (await countProtected(deps.db, arn)) * SPREAD_EACH_MS)
}
