import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** A Fastify app as a listener of a server that somebody else opens and closes. */
export async function listenerOf(app: FastifyInstance): Promise<RequestListener> {
  await app.ready()
  return (request, response) => app.routing(request, response)
}
