import type { FastifyInstance, FastifyRequest } from 'fastify'
import { SecurekeyError } from '../domain/errors.ts'
import { isHealthRoute } from './health.ts'
import { logSecurityRefusal } from './security-refused.ts'

/**
 * Lets nothing pass that reached Heroku's router by plain http, where passwords, sign-on tokens and cookies can be read
 * on the way. Pages are redirected to `httpsUrl`; anything else is refused before its body is read. The router says
 * how a request came by `X-Forwarded-Proto` (HTTP Routing).
 */
export function requireHttps(app: FastifyInstance, httpsUrl: string): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!cameByHttp(request) || isHealthRoute(request)) return
    const isPage = /^\/dashboard(?:[/?]|$)/.test(request.url) && ['GET', 'HEAD'].includes(request.method)
    if (isPage) return reply.redirect(`${httpsUrl}${request.url}`, 301)
    logSecurityRefusal(request, 'plain-http')
    throw new SecurekeyError('plain-http', 'This address is served by https only.')
  })
}

function cameByHttp({ headers }: FastifyRequest): boolean {
  // The last one is the router's own, whatever the client has put in front of it.
  const protocols = String(headers['x-forwarded-proto'] ?? '').split(',')
  return protocols.at(-1)?.trim().toLowerCase() === 'http'
}
