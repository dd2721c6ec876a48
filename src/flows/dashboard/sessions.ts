import type { Actor } from '../../domain/actor.ts'
import { type SessionHolder, sessionHandle } from '../../domain/session.ts'
import { recordEvents } from '../../store/history.ts'
import type { Resource } from '../../store/resources.ts'
import { deleteSession, deleteSessionsOf, listSessions, type StoredSession } from '../../store/sessions.ts'
import { liveResource, lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { problemOf } from './session.ts'

/** A session that is open now. `handle` names it, and opens nothing. */
export type OpenSession = {
  handle: string
  madeFor: SessionHolder
  /** Null: the sign-on named nobody. */
  email: string | null
  userId: string | null
  createdAt: Date
  lastUsedAt: Date
  endsAt: Date
}

/** The sessions of a resource that are open now, the newest first. Throws `unknown-resource` or `resource-gone`. */
export async function readSessions(
  deps: Pick<Deps, 'db' | 'now' | 'macs'>,
  resourceId: string,
): Promise<{ resource: Resource; sessions: OpenSession[] }> {
  const resource = await liveResource(deps.db, resourceId)
  const open: OpenSession[] = []
  for (const session of await listSessions(deps.db, resourceId)) {
    // What this service did not write opens nothing and is none.
    if (await problemOf(deps, session, resourceId)) continue
    const { idDigest, madeFor, email, userId, createdAt, lastUsedAt, endsAt } = session
    open.push({ handle: sessionHandle(idDigest), madeFor, email, userId, createdAt, lastUsedAt, endsAt })
  }
  return { resource, sessions: open }
}

/**
 * Ends one session of a resource, by its handle, or all that there are but the one of the id digest `but`, and tells so in
 * the history. Returns how many have ended. Throws `unknown-resource` or `resource-gone`.
 */
export async function endSessions(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; handle?: string; but?: Buffer },
): Promise<number> {
  const { resourceId, actor, handle, but } = request
  const ended = await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const sessions = await (handle === undefined
      ? deleteSessionsOf(trx, { resourceId, ...(but && { but }) })
      : endOne(await listSessions(trx, resourceId), handle))
    if (sessions > 0) {
      const event = { at: deps.now(), kind: 'sessions-ended', actor, details: { sessions } } as const
      await recordEvents(trx, [{ resourceId, events: [event] }])
    }
    return sessions

    async function endOne(stored: readonly StoredSession[], handle: string): Promise<number> {
      const session = stored.find(({ idDigest }) => sessionHandle(idDigest) === handle)
      return session && (await deleteSession(trx, session.idDigest)) ? 1 : 0
    }
  })
  deps.log.info({ resourceId, sessions: ended }, 'sessions ended')
  return ended
}
