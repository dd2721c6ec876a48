import type { Actor } from '../../domain/actor.ts'
import {
  isSessionId,
  SESSION_IDLE_MS,
  type SessionFacts,
  sessionDigest,
  sessionText,
} from '../../domain/session.ts'
import { recordEvents } from '../../store/history.ts'
import { findResource } from '../../store/resources.ts'
import {
  deleteSession,
  findSession,
  type SessionNow,
  type StoredSession,
  touchSession,
} from '../../store/sessions.ts'
import type { Deps } from '../deps.ts'

export type SessionOutcome =
  | { outcome: 'active'; session: StoredSession }
  /** All the same to whoever asks; the log tells them apart. */
  | { outcome: 'none'; because: SessionProblem }
  /** The session is good, but its resource was deprovisioned. */
  | { outcome: 'gone'; session: StoredSession }

/**
 * - `absent`: no cookie, or one whose session is not there
 * - `over`: it has ended, or the KEK that it was made by is no longer listed
 * - `foreign`: it belongs to another resource
 * - `forged`: its row was not written by this service
 */
export type SessionProblem = 'absent' | 'over' | 'foreign' | 'forged'

/** The time of last use is written at most so often: a page is a handful of requests. */
const TOUCH_EVERY_MS = 60_000

/** A session ready to be stored, with the MAC that says that this service made it. */
export async function newSession(
  deps: Pick<Deps, 'macs'>,
  sessionId: string,
  facts: SessionFacts,
): Promise<StoredSession> {
  const idDigest = sessionDigest(sessionId)
  const made = await deps.macs.make('session', sessionText(idDigest, facts))
  return { ...facts, ...made, idDigest, lastUsedAt: facts.createdAt }
}

/**
 * Looks whether a session may act on a resource now. Asked at every request, so a session ends with its resource.
 * `byItself`: the browser asked without its user, which does not count as use.
 */
export async function useSession(
  deps: Pick<Deps, 'db' | 'macs'>,
  request: { sessionId: string | undefined; resourceId: string; byItself?: boolean },
): Promise<SessionOutcome> {
  const { sessionId, resourceId } = request
  if (sessionId === undefined || !isSessionId(sessionId)) return { outcome: 'none', because: 'absent' }
  const session = await findSession(deps.db, sessionDigest(sessionId))
  if (!session) return { outcome: 'none', because: 'absent' }
  return await judge(deps, session, { resourceId, counts: !request.byItself })
}

/**
 * The same for a text that the command line was given (`sk_cli_…`), which is good for one resource. `boundTo`: the only one
 * that may be acted on here.
 */
export async function useCommandLine(
  deps: Pick<Deps, 'db' | 'macs'>,
  { digest }: { digest: Buffer },
  boundTo: string | null = null,
): Promise<SessionOutcome> {
  const session = await findSession(deps.db, digest)
  if (!session) return { outcome: 'none', because: 'absent' }
  return await judge(deps, session, { resourceId: boundTo ?? session.resourceId, counts: true })
}

/** `counts`: the request is a use of the session. */
async function judge(
  deps: Pick<Deps, 'db' | 'macs'>,
  session: SessionNow,
  { resourceId, counts }: { resourceId: string; counts: boolean },
): Promise<SessionOutcome> {
  const problem = await problemOf(deps, session, resourceId)
  if (problem) return { outcome: 'none', because: problem }
  const resource = await findResource(deps.db, resourceId)
  if (resource?.state !== 'provisioned') return { outcome: 'gone', session }
  const sinceMs = session.now.getTime() - session.lastUsedAt.getTime()
  if (counts && sinceMs >= TOUCH_EVERY_MS) await touchSession(deps.db, session.idDigest)
  return { outcome: 'active', session }
}

/** Why a stored session opens nothing of a resource; undefined when it is good. */
export async function problemOf(
  deps: Pick<Deps, 'macs'>,
  session: SessionNow,
  resourceId: string,
): Promise<SessionProblem | undefined> {
  if (session.resourceId !== resourceId) return 'foreign'
  if (isOver(session)) return 'over'
  const text = sessionText(session.idDigest, session)
  if (await deps.macs.verify('session', text, session)) return undefined
  return (await deps.macs.makeBy(session.kekId, 'session', text)) ? 'forged' : 'over'
}

/** By the clock of the database: a process whose own is wrong ends nobody's session, and keeps none open. */
function isOver({ endsAt, lastUsedAt, now }: SessionNow): boolean {
  return endsAt <= now || now.getTime() - lastUsedAt.getTime() >= SESSION_IDLE_MS
}

/**
 * The token that each form of a session carries: a MAC of its id by the KEK that its row names. It is bound to that
 * session, needs no storage, and gives nothing of the id away.
 */
export async function formTokenOf(
  deps: Pick<Deps, 'macs'>,
  session: Pick<StoredSession, 'kekId'>,
  sessionId: string,
): Promise<string> {
  const mac = await deps.macs.makeBy(session.kekId, 'form token', sessionId)
  if (!mac) throw new Error('a session that is active has a KEK')
  return mac.toString('base64url')
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
