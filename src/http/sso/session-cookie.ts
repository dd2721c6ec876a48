import type { FastifyReply, FastifyRequest } from 'fastify'
import { SESSION_LIFE_MS } from '../../domain/session.ts'

/** Puts sessions into cookies, one per resource: two add-ons in two tabs do not sign each other out. */
export type SessionCookies = {
  read: (request: FastifyRequest, resourceId: string) => string | undefined
  set: (reply: FastifyReply, resourceId: string, sessionId: string) => void
  clear: (reply: FastifyReply, resourceId: string) => void
}

/**
 * `secure` is for a service behind TLS. `Lax`, since `Strict` is withheld on the redirect that follows Heroku's
 * cross-site POST. The prefix makes browsers refuse a cookie of that name from any other host or over plain http.
 */
export function createSessionCookies(options: { secure: boolean }): SessionCookies {
  const { secure } = options
  const nameOf = (resourceId: string) => `${secure ? '__Host-' : ''}securekey-${resourceId}`
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const
  return {
    read: (request, resourceId) => request.cookies[nameOf(resourceId)],
    set: (reply, resourceId, sessionId) => {
      reply.setCookie(nameOf(resourceId), sessionId, { ...attributes, maxAge: SESSION_LIFE_MS / 1_000 })
    },
    clear: (reply, resourceId) => {
      // Not the cookies of its other add-ons.
      reply.header('clear-site-data', '"cache", "storage"')
      reply.clearCookie(nameOf(resourceId), attributes)
    },
  }
}
