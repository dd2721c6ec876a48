import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../flows/deps.ts'
import { bindEndpoint } from '../../flows/private-link/bind-endpoint.ts'
import { sendProblem } from '../api/problems.ts'
import { handleNotFound } from '../errors.ts'
import { isHealthRoute } from '../health.ts'
import { logSecurityRefusal } from '../security-refused.ts'
import { createWrongTries } from '../wrong-tries.ts'
import { bind, refuseAtEndpoint, speaksForItsEndpoint } from './binding.ts'
import { forgetForwarded, peerOf } from './peers.ts'

/** What an endpoint of any add-on may ask without a token: the description of the API, which says nothing of anybody. */
const OPEN = ['openapi.json']
const RETRY_AFTER_SECONDS = 60

/**
 * Stands before everything that came by the private listener. Only the API is there, and of it only what is about the resource
 * of the endpoint; to whoever came through no endpoint, as the load balancer's health checks, only the health of the process.
 * Whether the endpoint is one of an add-on is asked before any token is looked at.
 */
export function registerPrivateGate(app: FastifyInstance, deps: Deps, { prefix }: { prefix: string }): void {
  const unknown = createWrongTries(deps.now)
  app.server.prependListener('request', forgetForwarded)

  app.addHook('onRequest', async (request, reply) => {
    const peer = peerOf(request)
    if (!peer || (peer.endpointId === null && isHealthRoute(request))) return undefined
    if (!isOfApi(request)) return handleNotFound(request, reply)
    const key = peer.endpointId ?? ''
    if (unknown.isOver(key)) {
      logSecurityRefusal(request, 'too-many-requests')
      return sendProblem(reply, 'too-many-requests', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    }
    const to = peer.endpointId === null ? undefined : await bindEndpoint(deps, peer.endpointId)
    if (to) return bind(request, to)
    unknown.count(key)
    return refuse(request, reply)
  })

  // The net under every route of the API, also one that forgets to ask for a token.
  app.addHook('preParsing', async (request, reply) => {
    const route = request.routeOptions.url ?? ''
    if (!peerOf(request) || isHealthRoute(request)) return undefined
    if (OPEN.some((name) => route === `${prefix}/${name}`) || speaksForItsEndpoint(request)) return undefined
    return refuse(request, reply)
  })

  /** By the route that was found: an address can be written in many ways. */
  function isOfApi(request: FastifyRequest): boolean {
    const { url } = request.routeOptions
    return (url ?? request.url).startsWith(`${prefix}/`)
  }

  function refuse(request: FastifyRequest, reply: FastifyReply) {
    logSecurityRefusal(request, 'not-this-endpoint')
    return refuseAtEndpoint(request, reply)
  }
}
