import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../../domain/actor.ts'
import { formToken, isFormToken } from '../../domain/session.ts'
import { useSession } from '../../flows/dashboard/session.ts'
import type { Deps } from '../../flows/deps.ts'
import type { SessionCookies } from '../sso/session-cookie.ts'
import { baseOf } from './addresses.ts'
import { sendGone, sendNotSignedIn, sendWrongForm } from './messages.ts'

/** A request by somebody who is signed in to the resource that the address names. */
export type Visit = {
  request: FastifyRequest
  reply: FastifyReply
  resourceId: string
  base: string
  sessionId: string
  formToken: string
  actor: Actor & { type: 'person' }
  /** SHA-256 of the sign-on token that made the session. */
  signOnDigest: Buffer
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** What stands in front of every page and every action of the dashboard. */
export type Guard = {
  /** Lets in whoever holds a session of this very resource; everybody else gets the page that says how. */
  page: (handle: (visit: Visit) => Promise<unknown>) => Handler
  /** The same, and the form must have been made by this session. */
  action: (handle: (visit: Visit, form: Record<string, unknown>) => Promise<unknown>) => Handler
}

export function createGuard(deps: Deps, cookies: SessionCookies): Guard {
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<Visit | undefined> {
    const { resourceId } = request.params as { resourceId: string }
    const sessionId = cookies.read(request, resourceId)
    // A page that watches a rotation asks by itself; only a person's own request keeps a session alive.
    const byItself = 'watching' in (request.query as object)
    const found = await useSession(deps, { sessionId, resourceId, byItself })
    if (found.outcome === 'active' && sessionId !== undefined) {
      const { userId, email, verified, signOnDigest } = found.session
      return {
        request,
        reply,
        resourceId,
        base: baseOf(resourceId),
        sessionId,
        formToken: formToken(sessionId),
        actor: { type: 'person', userId, email, verified, address: request.ip },
        signOnDigest,
      }
    }
    if (found.outcome === 'gone') sendGone(reply)
    else sendNotSignedIn(reply)
    return undefined
  }

  return {
    page: (handle) => async (request, reply) => {
      const visit = await admit(request, reply)
      return visit ? await handle(visit) : reply
    },
    action: (handle) => async (request, reply) => {
      const visit = await admit(request, reply)
      if (!visit) return reply
      const form = { ...(request.body as Record<string, unknown> | null) }
      if (!isFormToken(form.form_token, visit.sessionId)) return sendWrongForm(reply, visit.base)
      return await handle(visit, form)
    },
  }
}
