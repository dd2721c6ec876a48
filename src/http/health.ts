import type { FastifyInstance } from 'fastify'
import type { Readiness } from '../flows/readiness.ts'

/** `/healthz`: this process answers. `/readyz`: it can also do its work; else 503 with all that is wrong. */
export function registerHealth(app: FastifyInstance, { troubles }: Pick<Readiness, 'troubles'>): void {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const found = await troubles()
    if (found.length === 0) return { status: 'ready' }
    return await reply.status(503).send({
      status: 'not ready',
      troubles: found.map(({ trouble }) => trouble),
      reason: found.map(({ reason }) => reason).join('; '),
    })
  })
}
