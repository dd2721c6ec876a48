import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Troubles } from '../flows/heroku/troubles.ts'
import type { Readiness } from '../flows/readiness.ts'

/**
 * `/healthz`: this process answers. `/readyz`: it can also do its work; else 503 with all that is wrong. What keeps no
 * process from its work is told beside a 200: what is wrong at Heroku, and `missing` settings without which some of the
 * work has to wait; and that the `legacy` partner API is in use.
 */
export function registerHealth(
  app: FastifyInstance,
  { troubles }: Pick<Readiness, 'troubles'>,
  { verdicts, missing, legacy }: Pick<Troubles, 'verdicts'> & { missing: readonly string[]; legacy: boolean },
): void {
  const settings = { ...(missing.length > 0 && { missing }), ...(legacy && { partnerApi: 'v1' }) }
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const found = await troubles()
    if (found.length === 0) {
      const heroku = await verdicts().catch(() => [])
      return { status: 'ready', ...settings, ...(heroku.length > 0 && { heroku }) }
    }
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
