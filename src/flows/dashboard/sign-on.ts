import { BEARER_ID_BYTES, BEARER_SECRET_BYTES, bearerText } from '../../domain/bearer-text.ts'
import { cleanText } from '../../domain/clean-text.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { parseResourceId } from '../../domain/resource-id.ts'
import {
  COMMAND_LINE_LIFE_MS,
  personOf,
  SESSION_ID_BYTES,
  SESSION_LIFE_MS,
  type SessionFacts,
  type SessionHolder,
  sessionDigest,
} from '../../domain/session.ts'
import {
  checkSignOn,
  claimedResourceId,
  type SignOn,
  type SignOnFields,
  type SignOnProblem,
} from '../../domain/sso.ts'
import { type Db, serviceNow } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import { findIdOfAddon } from '../../store/legacy-resources.ts'
import { findResource, type Resource } from '../../store/resources.ts'
import {
  deleteSession,
  deleteSessionsOf,
  insertSession,
  purgeEnded,
  type StoredSession,
  useSignOnToken,
} from '../../store/sessions.ts'
import { countAccess } from '../access/count-access.ts'
import type { Deps } from '../deps.ts'
import { newSession, type SessionOutcome, useSession } from './session.ts'

export type SignOnRequest = {
  fields: SignOnFields
  salt: string
  /** The network address that the history names. */
  address: string | null
  /** For a browser: the session that it holds for a resource, if it holds one. Left out: the command line signs on. */
  sessionOf?: (resourceId: string) => string | undefined
}

export type SignOnOutcome =
  | {
      outcome: 'signed-in'
      resourceId: string
      name: string | null
      sessionId: string
      session: StoredSession
    }
  /** The same form again, by the browser that holds the session it made: a double click. */
  | { outcome: 'already-signed-in'; resourceId: string }
  /** `used` names the sign-on, so that a browser whose cookie was held back can be asked for it again. */
  | { outcome: 'refused'; problem: SignOnProblem | 'used' | 'no-live-resource'; used?: SignOn }

const PURGED_PER_SIGN_ON = 100

/**
 * Signs a person on from Heroku's site, or by the command line, which gets the same form from Heroku's API (Add-on Single
 * Sign-on): a token is good for one login, and each login makes a session with a new id. A session that a weaker token of
 * the same form has made ends. What is refused is counted. Nothing in the outcome is for the person's eyes but where to go.
 */
export async function signOn(deps: Deps, request: SignOnRequest): Promise<SignOnOutcome> {
  // The age of the token and the life of the session are counted by the clock that every process reads.
  const now = await serviceNow(deps.db)
  const outcome = await signOnAt(deps, request, now)
  if (outcome.outcome === 'refused') await countRefused(deps, request, now)
  return outcome
}

async function signOnAt(deps: Deps, request: SignOnRequest, now: Date): Promise<SignOnOutcome> {
  const checked = checkSignOn(request.fields, request.salt, now)
  if ('problem' in checked) return { outcome: 'refused', problem: checked.problem }
  const resourceId = await ownIdOf(deps.db, checked.signOn.resourceId)
  const signedOn: SignOn = { ...checked.signOn, resourceId }
  const madeFor = request.sessionOf ? 'browser' : 'command-line'
  const former = request.sessionOf?.(resourceId)
  const sessionId = newId(deps, madeFor)
  const session = await newSession(deps, sessionId, factsOf(signedOn, madeFor, now))
  const outcome = await deps.db.transaction().execute(async (trx): Promise<Resource | SignOnRefusal> => {
    const resource = await liveOf(trx, resourceId)
    if (!resource) return 'no-live-resource'
    if (!(await useTokens(trx, signedOn))) return 'used'
    if (former !== undefined) await deleteSession(trx, sessionDigest(former))
    const actor = personOf(session, request.address)
    const events: HistoryEvent[] = [{ at: now, kind: 'signed-in', actor }]
    const weaker = await deleteSessionsOf(trx, { resourceId, madeBy: signedOn.weakerDigests })
    // Somebody has used the form without the part that names its user, and before its user did.
    if (weaker > 0) {
      const details = { sessions: weaker, because: 'weaker sign-on by the same form' }
      events.push({ at: now, kind: 'sessions-ended', actor, details })
    }
    await insertSession(trx, session)
    await recordEvents(trx, [{ resourceId, events }])
    return resource
  })
  if (typeof outcome === 'object') {
    await purgeEnded(deps.db, PURGED_PER_SIGN_ON)
    deps.log.info({ resourceId, madeFor, verified: session.verified }, 'signed in')
    return { outcome: 'signed-in', resourceId, name: outcome.name, sessionId, session }
  }
  if (outcome === 'used' && (await madeBy(deps, former, signedOn))) {
    return { outcome: 'already-signed-in', resourceId }
  }
  const used = outcome === 'used' ? { used: signedOn } : {}
  return { outcome: 'refused', problem: outcome, ...used }
}

/** Whoever sent it has proved nothing: it counts for the resource that it names, if there is such a one. */
async function countRefused(deps: Deps, { fields, address }: SignOnRequest, at: Date): Promise<void> {
  const resourceId = claimedResourceId(fields)
  if (resourceId === undefined) return
  const actor = { type: 'person', userId: null, email: null, verified: false, address } as const
  await countAccess(deps, { resourceId, reason: 'sign-ons-refused', actor, at })
}

type SignOnRefusal = 'used' | 'no-live-resource'

/** Whether the browser holds the session that this very sign-on made. */
async function madeBy(deps: Deps, sessionId: string | undefined, used: SignOn): Promise<boolean> {
  const { resourceId } = used
  const found: SessionOutcome = await useSession(deps, { sessionId, resourceId, byItself: true })
  return found.outcome === 'active' && found.session.signOnDigest.equals(used.digest)
}

/** What the legacy API named by no uuid has an id of our own, and another at Heroku. */
async function ownIdOf(db: Db, id: string): Promise<string> {
  return parseResourceId(id) === id ? ((await findIdOfAddon(db, id)) ?? id) : id
}

/** The id is matched as text, since a token by the v1 formula may be about an id that is no uuid at all. */
async function liveOf(trx: Db, resourceId: string): Promise<Resource | undefined> {
  if (parseResourceId(resourceId) !== resourceId) return undefined
  const resource = await findResource(trx, resourceId)
  return resource?.state === 'provisioned' ? resource : undefined
}

/** A weaker token of the same form is used up with it; that it was used up before is no reason to refuse. */
async function useTokens(trx: Db, { digest, weakerDigests, expiresAt }: SignOn): Promise<boolean> {
  if (!(await useSignOnToken(trx, digest, expiresAt))) return false
  for (const weaker of weakerDigests) await useSignOnToken(trx, weaker, expiresAt)
  return true
}

function newId({ random }: Pick<Deps, 'random'>, madeFor: SessionHolder): string {
  if (madeFor === 'browser') return random(SESSION_ID_BYTES).toString('base64url')
  return bearerText('cli', random(BEARER_ID_BYTES), random(BEARER_SECRET_BYTES))
}

function factsOf({ resourceId, digest, user }: SignOn, madeFor: SessionHolder, now: Date): SessionFacts {
  const lifeMs = madeFor === 'browser' ? SESSION_LIFE_MS : COMMAND_LINE_LIFE_MS
  return {
    resourceId,
    signOnDigest: digest,
    madeFor,
    userId: user && cleanText(user.id),
    email: user && cleanText(user.email),
    verified: user !== null,
    createdAt: now,
    endsAt: new Date(now.getTime() + lifeMs),
  }
}
