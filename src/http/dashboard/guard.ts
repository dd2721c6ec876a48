import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Person } from '../../domain/actor.ts'
import { parseResourceId } from '../../domain/resource-id.ts'
import { isFormToken, personOf } from '../../domain/session.ts'
import { formTokenOf, type SessionProblem, useSession } from '../../flows/dashboard/session.ts'
import type { Deps } from '../../flows/deps.ts'
import { addressOf, logSecurityRefusal, type SecurityRefusal } from '../security-refused.ts'
import type { SessionCookies } from '../sso/session-cookie.ts'
import { baseOf } from './addresses.ts'
import { sendGone, sendNotSignedIn, sendUserSignOnRequired, sendWrongForm } from './messages.ts'

/** A request by somebody who is signed in to the resource that the address names. */
export type Visit = {
  request: FastifyRequest
  reply: FastifyReply
  resourceId: string
  base: string
  sessionId: string
  formToken: string
  actor: Person
  /** SHA-256 of the sign-on token that made the session, and of the session's id. */
  signOnDigest: Buffer
  sessionDigest: Buffer
  /** The sign-on named its user, or that is not asked for here: keys may be shown and revoked. */
  mayHandleKeys: boolean
  /** The legacy partner API is in use, whose sign-ons name nobody. */
  legacy: boolean
  /** The plans whose add-ons have a page *PrivateLink*. */
  plansWithLinks: readonly string[]
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** What stands in front of every page and every action of the dashboard. */
export type Guard = {
  /** Lets in whoever holds a session of this very resource; everybody else gets the page that says how. */
  page: (handle: (visit: Visit) => Promise<unknown>) => Handler
  /** The same, and the form must have been made by this session. */
  action: (handle: (visit: Visit, form: Record<string, unknown>) => Promise<unknown>) => Handler
  /** The same for what shows or replaces keys: the sign-on must have named its user (`REQUIRE_USER_SIGN_ON`). */
  keyAction: (handle: (visit: Visit, form: Record<string, unknown>) => Promise<unknown>) => Handler
}

const REFUSALS: Readonly<Partial<Record<SessionProblem, SecurityRefusal>>> = {
  foreign: 'foreign-session',
  forged: 'forged-session',
}

/** What stands in front of the dashboard. `userSignOn`: what shows or replaces keys wants a sign-on that names its user. */
export function createGuard(deps: Deps, cookies: SessionCookies, userSignOn: boolean): Guard {
  const { plans, privateLink } = deps.settings
  const plansWithLinks = privateLink ? plans.filter(({ space }) => space).map(({ name }) => name) : []

  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<Visit | undefined> {
    const { resourceId } = request.params as { resourceId: string }
    const sessionId = cookies.read(request, resourceId)
    // A page that watches a rotation asks by itself; only a person's own request keeps a session alive.
    const byItself = 'watching' in (request.query as object)
    const found = await useSession(deps, { sessionId, resourceId, byItself })
    if (found.outcome === 'active' && sessionId !== undefined) {
      const { verified, signOnDigest, idDigest } = found.session
      return {
        request,
        reply,
        resourceId,
        base: baseOf(resourceId),
        sessionId,
        formToken: await formTokenOf(deps, found.session, sessionId),
        actor: personOf(found.session, addressOf(request)),
        signOnDigest,
        sessionDigest: idDigest,
        mayHandleKeys: verified || !userSignOn,
        legacy: deps.settings.partnerApi === 'v1',
        plansWithLinks,
      }
    }
    const refusal = found.outcome === 'none' ? REFUSALS[found.because] : undefined
    if (refusal) logSecurityRefusal(request, refusal, { resourceId: parseResourceId(resourceId) })
    if (found.outcome === 'gone') sendGone(reply)
    else sendNotSignedIn(reply)
    return undefined
  }

  const action: Guard['action'] = (handle) => async (request, reply) => {
    const visit = await admit(request, reply)
    if (!visit) return reply
    const form = { ...(request.body as Record<string, unknown> | null) }
    if (!isFormToken(form.form_token, visit.formToken)) {
      logSecurityRefusal(request, 'form-token', { resourceId: visit.resourceId })
      return sendWrongForm(reply, visit.base)
    }
    return await handle(visit, form)
  }

  return {
    page: (handle) => async (request, reply) => {
      const visit = await admit(request, reply)
      return visit ? await handle(visit) : reply
    },
    action,
    keyAction: (handle) =>
      action(async (visit, form) => {
        if (visit.mayHandleKeys) return await handle(visit, form)
        logSecurityRefusal(visit.request, 'user-sign-on-required', { resourceId: visit.resourceId })
        return sendUserSignOnRequired(visit.reply, visit.base, visit)
      }),
  }
}
