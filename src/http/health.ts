import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Readiness } from '../flows/readiness.ts'

/**
 * `/healthz`: this process answers. `/readyz`: it can also do its work; else 503 with all that is wrong. `missing`:
 * settings without which some of the work has to wait.
 */
export function registerHealth(
  app: FastifyInstance,
  { troubles }: Pick<Readiness, 'troubles'>,
  missing: readonly string[] = [],
): void {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const found = await troubles()
    if (found.length === 0) return { status: 'ready', ...(missing.length > 0 && { missing }) }
    return await reply.status(503).send({
      status: 'not ready',
      troubles: found.map(({ trouble }) => trouble),
      reason: found.map(({ reason }) => reason).join('; '),
    })
  })
}

/** Whether a request asks for the health of the process, which anybody may by any protocol. */
export function isHealthRoute(request: FastifyRequest): boolean {
  return ['/healthz', '/readyz'].includes(request.routeOptions.url ?? '')
}
