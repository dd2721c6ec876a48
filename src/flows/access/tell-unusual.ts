import type { Actor } from '../../domain/actor.ts'
import type { HistoryDetails, HistoryEvent } from '../../domain/history.ts'
import type { Unusual } from '../../domain/usual-access.ts'
import type { Trx } from '../../store/database.ts'
import { listTold, saveTold } from '../../store/unusual-accesses.ts'

/** Who accesses: as it is stored and as it is named, and from which network. */
export type Accessing = { subject: string; who: string; network: string | null }

/** The same is told so often at the most, whatever comes; and of one resource no more than so much within that time. */
export const TOLD_EVERY_MS = 86_400_000
export const MOST_TOLD = 20

/**
 * What the history tells of access that was not usual, remembered as told in the same transaction. Each reason is told
 * once in 24 hours for a subject. Under the lock of the resource's row, so that no two tell the same.
 */
export async function tellUnusual(
  trx: Trx,
  about: { resourceId: string; actor: Actor; at: Date },
  { subject, unusual }: { subject: string; unusual: readonly Unusual[] },
): Promise<HistoryEvent[]> {
  const { resourceId, actor, at } = about
  if (unusual.length === 0) return []
  const told = await listTold(trx, resourceId, new Date(at.getTime() - TOLD_EVERY_MS))
  const events: HistoryEvent[] = []
  for (const { reason, facts, words } of unusual) {
    if (told.some((each) => each.reason === reason && each.subject === subject)) continue
    if (told.length + events.length >= MOST_TOLD) continue
    await saveTold(trx, resourceId, { reason, subject, at, words })
    events.push({ at, kind: 'unusual-access', actor, details: detailsOf(words, reason, facts) })
  }
  return events
}

function detailsOf(words: string, reason: Unusual['reason'], facts: Unusual['facts']): HistoryDetails {
  const { who, from, before, count } = facts
  return {
    why: words,
    because: reason,
    who,
    from,
    ...(before !== undefined && { before }),
    ...(count !== undefined && { count }),
  }
}
