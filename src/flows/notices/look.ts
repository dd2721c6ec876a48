import { healthOf } from '../../domain/health.ts'
import { afterDelivery, type DueNotices } from '../../domain/notices/delivery.ts'
import { dueNotices, MOST_AT_ONCE } from '../../domain/notices/due-notices.ts'
import { SEVERE_ROWS, TOLD_KINDS } from '../../domain/notices/from-history.ts'
import { COLLABORATORS_TARGET, type NoticeTarget } from '../../domain/notices/notice.ts'
import { ownerOfAll } from '../../domain/trouble.ts'
import {
  type ClaimedCursor,
  claimCursors,
  type SettledCursor,
  settleCursors,
} from '../../store/notice-cursors.ts'
import { findNoticeFacts, readHistories } from '../../store/notice-facts.ts'
import { findOwnKeys } from '../../store/own-keys.ts'
import { findVerdicts } from '../../store/troubles.ts'
import type { Deps } from '../deps.ts'

/** A claimed target that is to be told something. */
export type DueDelivery = { claimed: ClaimedCursor; readTo: number; due: DueNotices }

/** Longer than whatever is claimed at a time waits for its turn and is delivered. */
export const NOTICE_LEASE_MS = 120_000

/**
 * Claims targets that are due, and looks what each is to be told: by the history behind its cursor, and by the schedule as it
 * is now. The claims of those for whom there is nothing end at once. A handful of statements for all of them together.
 * Undefined: none was due.
 */
export async function lookForNotices(
  deps: Pick<Deps, 'db'>,
  limit: number,
): Promise<DueDelivery[] | undefined> {
  const claims = await claimCursors(deps.db, { leaseMs: NOTICE_LEASE_MS, limit })
  if (claims.length === 0) return undefined
  const facts = await findNoticeFacts(deps.db, [...new Set(claims.map(({ target }) => target.resourceId))])
  // A resource that is gone has taken its cursors along.
  const known = claims.flatMap((claimed) => {
    const found = facts.get(claimed.target.resourceId)
    return found ? [{ claimed, found }] : []
  })
  const arns = known.flatMap(({ found: { ownKeyArn } }) => (ownKeyArn === null ? [] : [ownKeyArn]))
  const ownKeys = await findOwnKeys(deps.db, arns)
  const trouble = ownerOfAll((await findVerdicts(deps.db)).map(({ cause }) => cause))
  const histories = await readHistories(
    deps.db,
    known.map(({ claimed: { target, cursor }, found: { readTo } }) => {
      const severeAlone = isToldSevereAlone(target)
      return { resourceId: target.resourceId, after: cursor.seq, readTo, severeAlone }
    }),
    { kinds: TOLD_KINDS, severe: SEVERE_ROWS, limit: MOST_AT_ONCE + 1 },
  )
  const looked = known.map(({ claimed, found }, place): DueDelivery => {
    const { resourceId, name, plan, periodMs, state, missingSince, access, ownKeyArn, readTo } = found
    // Who used it, and who was told, says nothing of its schedule.
    const beside = { unusualSince: null, undeliveredSince: null }
    const key = ownKeyArn === null ? undefined : ownKeys.get(ownKeyArn)
    const ownKey = key && ownKeyArn !== null ? { ownKey: { ...key, arn: ownKeyArn } } : {}
    const parts = { id: resourceId, plan, state, missingSince, access, trouble, ...ownKey, ...beside }
    const health = healthOf(parts, claimed.now)
    const subject = { resourceId, name }
    const rows = histories[place] ?? []
    const due = dueNotices(
      { subject, state, periodMs, health },
      claimed.cursor,
      { rows, readTo, severeAlone: isToldSevereAlone(claimed.target) },
      claimed.now,
    )
    return { claimed, readTo, due }
  })
  await settleCursors(deps.db, looked.filter(isEmpty).map(settledUntold))
  return looked.filter((each) => !isEmpty(each))
}

function isToldSevereAlone({ id }: NoticeTarget): boolean {
  return id === COLLABORATORS_TARGET
}

function isEmpty({ due }: DueDelivery): boolean {
  return due.due.length === 0
}

function settledUntold({ claimed, readTo, due }: DueDelivery): SettledCursor {
  const { target, fence, cursor, now } = claimed
  const { to, wakeAt } = afterDelivery(cursor, due, { told: 0 }, { now, random: 0 })
  return { target, fence, readTo, to, inMs: wakeAt && wakeAt.getTime() - now.getTime() }
}
