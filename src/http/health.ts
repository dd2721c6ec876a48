import type { FastifyInstance } from 'fastify'

/** `/healthz`: this process answers. `/readyz`: it can also do its work; else 503 and the reason. */
export function registerHealth(
  app: FastifyInstance,
  notReadyBecause: () => Promise<string | undefined>,
): void {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (request, reply) => {
    let reason: string | undefined
    try {
      reason = await notReadyBecause()
    } catch (error) {
      request.log.error({ err: error }, 'not ready')
      reason = 'the database does not answer'
    }
    if (reason === undefined) return { status: 'ready' }
    return await reply.status(503).send({ status: 'not ready', reason })
  })
}
