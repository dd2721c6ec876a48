import type { FastifyInstance, FastifyReply } from 'fastify'

const HSTS = 'max-age=31536000'

/**
 * Headers of every answer, whoever asks: any of them may hold keys, so none is kept on the way unless its route says so,
 * and none is taken for something else than it says it is. By https also: no other protocol for a year.
 */
export function registerAnswerHeaders(app: FastifyInstance, options: { https: boolean }): void {
  app.addHook('onSend', async (_request, reply) => setAnswerHeaders(reply, options))
}

/** The same of one answer, where no hook is run. */
export function setAnswerHeaders(reply: FastifyReply, { https }: { https: boolean }): void {
  const { 'cache-control': kept, ...others } = answerHeaders(https)
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', kept)
  reply.headers(others)
}

/** The headers by name, for an answer that no route makes. */
export function answerHeaders(https: boolean) {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(https && { 'strict-transport-security': HSTS }),
  }
}
