import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { answerHeaders } from './answer-headers.ts'

type Unread = Parameters<NonNullable<FastifyServerOptions['clientErrorHandler']>>

const STATUS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}
const BODY = JSON.stringify({ id: 'malformed-request', message: 'The request is malformed.' })

/** Answers what Node could not read as a request, so that no hook ever sees it, in the form of every other refusal. */
export function answerUnread(error: Unread[0], socket: Unread[1], https: boolean): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const status = STATUS[error.code] ?? '400 Bad Request'
  const headers = {
    ...answerHeaders(https),
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(BODY),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${BODY}`)
  socket.destroy(error)
}

/** A header `Expect` that Node does not know is no reason to refuse: the request is answered like any other. */
export function ignoreExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}
