import type { Actor } from '../../domain/actor.ts'
import { isSessionId, SESSION_IDLE_MS, sessionDigest } from '../../domain/session.ts'
import { recordEvents } from '../../store/history.ts'
import { findResource } from '../../store/resources.ts'
import { deleteSession, findSession, type StoredSession, touchSession } from '../../store/sessions.ts'
import type { Deps } from '../deps.ts'

export type SessionOutcome =
  | { outcome: 'active'; session: StoredSession }
  /** None, over, or a session of another resource: all the same to whoever asks. */
  | { outcome: 'none' }
  /** The session is good, but its resource was deprovisioned. */
  | { outcome: 'gone' }

/** The time of last use is written at most so often: a page is a handful of requests. */
const TOUCH_EVERY_MS = 60_000

/**
 * Looks whether a session may act on a resource now. Asked at every request, so a session ends with its resource.
 * `byItself`: the browser asked without its user, which does not count as use.
 */
export async function useSession(
  deps: Pick<Deps, 'db'>,
  request: { sessionId: string | undefined; resourceId: string; byItself?: boolean },
): Promise<SessionOutcome> {
  const { sessionId, resourceId } = request
  if (sessionId === undefined || !isSessionId(sessionId)) return { outcome: 'none' }
  const session = await findSession(deps.db, sessionDigest(sessionId))
  if (!session || session.resourceId !== resourceId || isOver(session)) return { outcome: 'none' }
  const resource = await findResource(deps.db, resourceId)
  if (resource?.state !== 'provisioned') return { outcome: 'gone' }
  const sinceMs = session.now.getTime() - session.lastUsedAt.getTime()
  if (!request.byItself && sinceMs >= TOUCH_EVERY_MS) {
    await touchSession(deps.db, sessionDigest(sessionId))
  }
  return { outcome: 'active', session }
}

/** By the clock of the database: a process whose own is wrong ends nobody's session, and keeps none open. */
function isOver({ endsAt, lastUsedAt, now }: StoredSession & { now: Date }): boolean {
  return endsAt <= now || now.getTime() - lastUsedAt.getTime() >= SESSION_IDLE_MS
}

/** Ends a session; what its browser still holds is worth nothing from then on. */
export async function signOut(
  deps: Deps,
  request: { sessionId: string; resourceId: string; actor: Actor },
): Promise<void> {
  const { sessionId, resourceId, actor } = request
  await deps.db.transaction().execute(async (trx) => {
    if (!(await deleteSession(trx, sessionDigest(sessionId)))) return
    const event = { at: deps.now(), kind: 'signed-out', actor } as const
    await recordEvents(trx, [{ resourceId, events: [event] }])
  })
}
