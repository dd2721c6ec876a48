import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from '../api/problems.ts'
import { peerOf } from './peers.ts'

/** What a request of the private side may be about, and the origins at which its client may know the service. */
type Bound = { resourceId: string; origins: readonly string[] }

const bound = new WeakMap<FastifyRequest, Bound>()
const callers = new WeakMap<FastifyRequest, string>()

/** Binds a request to the resource of the endpoint that it came through. */
export function bind(request: FastifyRequest, to: Bound): void {
  bound.set(request, to)
}

/** The only resource that a request may be about; null where it came by the public address. Throws where it is not known. */
export function boundTo(request: FastifyRequest): string | null {
  if (!peerOf(request)) return null
  const resourceId = bound.get(request)?.resourceId
  if (resourceId === undefined) throw new Error('the endpoint was not asked for')
  return resourceId
}

/** The origin by which a client says that it reaches the service through its endpoint; undefined: by the public one. */
export function originOf(request: FastifyRequest): string | undefined {
  const host = (request.headers.host ?? '').toLowerCase()
  return bound.get(request)?.origins.find((origin) => new URL(origin).host === host)
}

/** Says for which resource a request speaks, now that its token was found to be right. */
export function noteCaller(request: FastifyRequest, resourceId: string): void {
  callers.set(request, resourceId)
}

/** Whether a request speaks for the resource of its endpoint, or came through none. */
export function speaksForItsEndpoint(request: FastifyRequest): boolean {
  const resourceId = boundTo(request)
  return resourceId === null || callers.get(request) === resourceId
}

/**
 * Refuses what came by the private side, in the same words whatever is wrong: a token that is not right and one that is right
 * for another add-on cannot be told apart. Undefined where it came by the public address.
 */
export function refuseAtEndpoint(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  if (!peerOf(request)) return undefined
  return sendProblem(reply, 'not-this-endpoint', {
    detail: 'This VPC endpoint serves no add-on, or the token is none of that add-on.',
  })
}
