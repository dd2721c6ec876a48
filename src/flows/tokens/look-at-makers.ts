import { isOfOwnKey } from '../../domain/errors.ts'
import type { HerokuFailure } from '../../domain/heroku-failure.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { afterLookAtMakers, isListed, type PeopleOfApp, peopleOfApp } from '../../domain/makers.ts'
import { recordEvents } from '../../store/history.ts'
import {
  type ClaimedMakerLook,
  claimMakerLooks,
  deleteMade,
  dropMakerLook,
  endMakerLook,
  listMade,
  type Made,
} from '../../store/maker-looks.ts'
import { lockResource } from '../change-resource.ts'
import { sessionOf } from '../dashboard/attached-apps.ts'
import type { Deps } from '../deps.ts'
import type { HerokuSession } from '../heroku/heroku-session.ts'

/** Longer than a batch may take. */
const LEASE_MS = 120_000
export const LOOK_EVERY_MS = 24 * 3_600_000
/** A look that Heroku did not answer, and one for which nobody was asked. */
const LOOK_AGAIN_MS = 3_600_000
const NOT_SENT_AGAIN_MS = 300_000
/** On more apps than this not everybody is looked for, and nobody is missing. */
const MOST_APPS_ASKED = 10
const MOST_NAMED = 5

/** Claims up to `limit` looks that are due. */
export async function claimDueMakerLooks(deps: Pick<Deps, 'db'>, limit: number): Promise<ClaimedMakerLook[]> {
  return await claimMakerLooks(deps.db, { leaseMs: LEASE_MS, limit })
}

/**
 * Looks whether those who made the tokens of a resource may still work on one of its apps, and ends the tokens of those who
 * were missing twice, a day apart. What cannot be read ends nothing. The calls have a small part of the budget, and none
 * while a rotation waits for its own.
 */
export async function lookAtMakers(deps: Deps, look: ClaimedMakerLook, signal: AbortSignal): Promise<void> {
  const { resourceId } = look
  try {
    const made = await listMade(deps.db, resourceId)
    const session = made.length > 0 ? await sessionOf(quiet(deps), resourceId, signal) : undefined
    const found = session ? await listsFor(session, made) : { lists: [] }
    if (!('failure' in found)) return await finish(deps, look, found.lists)
    const againInMs = againAfter(found.failure)
    await endMakerLook(deps.db, look, { missing: look.missing, againInMs })
  } catch (error) {
    // A customer's key is away, and nobody can be asked without what it protects.
    if (isOfOwnKey(error)) {
      await endMakerLook(deps.db, look, { missing: look.missing, againInMs: LOOK_AGAIN_MS })
      return
    }
    deps.log.warn({ err: error, resourceId }, 'look at the makers of tokens interrupted')
  }
}

const NOT_SENT: readonly HerokuFailure['kind'][] = ['held-back', 'postponed']

function againAfter({ kind }: HerokuFailure): number {
  // Nothing that changes soon.
  if (kind === 'not-offered') return LOOK_EVERY_MS
  return NOT_SENT.includes(kind) ? NOT_SENT_AGAIN_MS : LOOK_AGAIN_MS
}

function quiet(deps: Deps): Deps {
  return { ...deps, platform: deps.quietPlatform }
}

/** The people of the apps, until everybody is found. A list that we may not see is one that is not whole. */
async function listsFor(
  session: HerokuSession,
  made: readonly Made[],
): Promise<{ lists: PeopleOfApp[] } | { failure: HerokuFailure }> {
  const attached = await session.listAttachments()
  if (!attached.ok) return attached
  const appIds = [...new Set(attached.value.map(({ appId }) => appId))]
  const lists: PeopleOfApp[] = appIds.length > MOST_APPS_ASKED ? [NOT_SEEN] : []
  for (const appId of appIds.slice(0, MOST_APPS_ASKED)) {
    if (made.every((each) => isListed(each, lists))) break
    const listed = await session.listCollaborators(appId)
    if (listed.ok) lists.push(peopleOfApp(listed.value))
    else if (listed.failure.kind === 'refused') lists.push(NOT_SEEN)
    else return listed
  }
  return { lists }
}

const NOT_SEEN: PeopleOfApp = { people: [], whole: false }

/** Under the lock of the resource, so that a token that is made meanwhile has its look, and one that has ended is not told. */
async function finish(deps: Deps, look: ClaimedMakerLook, lists: readonly PeopleOfApp[]): Promise<void> {
  const { resourceId, at } = look
  const ended = await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId })
    const made = await listMade(trx, resourceId)
    if (made.length === 0) {
      await dropMakerLook(trx, look)
      return 0
    }
    const { missing, over } = afterLookAtMakers(made, { lists, at }, look.missing)
    if (!(await endMakerLook(trx, look, { missing, againInMs: LOOK_EVERY_MS }))) return 0
    const ids = await deleteMade(
      trx,
      resourceId,
      over.map(({ id }) => id),
    )
    const events = eventsOf(
      over.filter(({ id }) => ids.includes(id)),
      at,
    )
    await recordEvents(trx, [{ resourceId, events }])
    return ids.length
  })
  if (ended > 0) deps.log.warn({ resourceId, tokens: ended }, 'tokens ended whose makers have left')
}

/** One event for each person who has left. */
function eventsOf(over: readonly Made[], at: Date): HistoryEvent[] {
  const byMaker = Map.groupBy(over, ({ userId, email }) => email ?? userId)
  return [...byMaker].map(([maker, made]) => {
    const named = made.slice(0, MOST_NAMED).map(({ id, name }) => `${name} (${id})`)
    const more = made.length > MOST_NAMED ? [`and ${made.length - MOST_NAMED} more`] : []
    const details = { maker, tokens: made.length, ended: [...named, ...more].join(', ') }
    return { at, kind: 'tokens-disabled', actor: { type: 'worker' }, details }
  })
}
