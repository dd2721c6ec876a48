import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { networkOf } from '../../domain/network.ts'
import type { Shown } from '../../domain/unusual-words.ts'
import {
  isNotedToday,
  type Judged,
  judgePerson,
  judgeProgram,
  type Known,
} from '../../domain/usual-access.ts'
import {
  boundKnown,
  findKnown,
  forgetKnown,
  insertFirstLooker,
  MOST_NETWORKS,
  saveKnown,
} from '../../store/access.ts'
import type { Trx } from '../../store/database.ts'
import { type Accessing, tellUnusual } from './tell-unusual.ts'

/** An access to a resource: who, when, and what was handed out; null where a program only asked something. */
export type NotedAccess = { resourceId: string; actor: Actor; at: Date; shown: Shown | null }

/** A program that comes from more networks than are kept is learned so often at the most. */
const CROWDED_EVERY_MS = 60_000

/**
 * Learns from an access what is usual for its resource, within the transaction of that access and under the lock of the
 * resource's row. Returns what the history has to tell beside the access: nothing, unless it was not usual. What is no
 * person and no program of a customer is not judged.
 */
export async function noteAccess(
  trx: Trx,
  { resourceId, actor, at, shown }: NotedAccess,
): Promise<HistoryEvent[]> {
  const accessing = accessingOf(actor)
  if (!accessing) return []
  const { subject, who, network } = accessing
  const { known, firstLooker } = await findKnown(trx, resourceId, subject)
  if (actor.type !== 'person' && (isNoted(known, network, shown, at) || isCrowded(known, at))) return []
  const access = { at, who, network, shown }
  const judged =
    actor.type === 'person'
      ? judgePerson(known, access, firstOf(firstLooker, subject))
      : judgeProgram(known, access)
  if (actor.type === 'person' && firstLooker === null) await insertFirstLooker(trx, resourceId, subject)
  return await keep(trx, { resourceId, actor, at }, accessing, { known, judged })
}

/** Keeps what was learned within its bounds, and tells what was not usual. */
export async function keep(
  trx: Trx,
  about: { resourceId: string; actor: Actor; at: Date },
  accessing: Accessing,
  { known, judged }: { known: Known | undefined; judged: Judged },
): Promise<HistoryEvent[]> {
  const { resourceId, at } = about
  const { subject, network } = accessing
  await saveKnown(trx, resourceId, { ...judged.known, ...accessing })
  if (network !== null && !known?.networks.some((each) => each.network === network)) {
    await boundKnown(trx, resourceId, subject)
    await forgetKnown(trx, at)
  }
  return await tellUnusual(trx, about, { subject, unusual: judged.unusual })
}

function accessingOf(actor: Actor): Accessing | undefined {
  switch (actor.type) {
    case 'person': {
      const { userId, email, verified, address } = actor
      const isNamed = verified && userId !== null
      const who = isNamed ? (email ?? userId) : 'Someone unverified'
      return { subject: `person:${isNamed ? userId : ''}`, who, network: networkOf(address) }
    }
    case 'token':
    case 'client': {
      const { type, id, name, address } = actor
      const kind = type === 'token' ? 'The token' : 'The client'
      return { subject: `${type}:${id}`, who: `${kind} “${name}”`, network: networkOf(address) }
    }
    default:
      return undefined
  }
}

function firstOf(firstLooker: string | null, subject: string): 'nobody' | 'self' | 'other' {
  if (firstLooker === null) return 'nobody'
  return firstLooker === subject ? 'self' : 'other'
}

/** A program asks all the time, and what it did today is written down once. */
function isNoted(known: Known | undefined, network: string | null, shown: Shown | null, at: Date): boolean {
  if (!known) return false
  const used = known.networks.find((each) => each.network === network)
  if (!isNotedToday(network === null ? known.lastAt : (used?.lastAt ?? null), at)) return false
  return shown === null || shown === 'history' || isNotedToday(known.keysAt, at)
}

function isCrowded(known: Known | undefined, at: Date): boolean {
  if (!known || known.networks.length < MOST_NETWORKS) return false
  return at.getTime() - known.lastAt.getTime() < CROWDED_EVERY_MS
}
