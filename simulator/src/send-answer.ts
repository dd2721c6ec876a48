import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answer } from './endpoint.ts'

/** Sends an answer as JSON with its ETag; a GET whose `If-None-Match` names that is answered 304. */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer): void {
  reply.code(answer.status).headers(answer.headers ?? {})
  if (answer.body === undefined) {
    reply.send()
    return
  }
  // A text body is sent as it is: an error of Heroku's that is not JSON (a suspended account's 403).
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  const etag = `"${createHash('sha256').update(text).digest('hex')}"`
  reply.header('etag', etag)
  if (request.method === 'GET' && answer.status === 200 && request.headers['if-none-match'] === etag) {
    reply.code(304).send()
    return
  }
  reply.type(
    typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
  )
  reply.send(text)
}
