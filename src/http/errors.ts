import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type ErrorCode, SecurekeyError } from '../domain/errors.ts'

/** Which refusal is which status, for every answer that is not a page: those are in `dashboard/browser-scope.ts`. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  'malformed-request': 400,
  unauthenticated: 401,
  'unknown-resource': 404,
  'not-found': 404,
  'too-many': 409,
  'resource-gone': 410,
  // Heroku shows the message of a 422 to the customer (Add-on Partner API Reference).
  'unknown-plan': 422,
  'invalid-option': 422,
  'already-there': 422,
  // Heroku shows the message of a 503 too, as far as is known.
  'not-now': 503,
  'not-confirmed': 503,
  'sealed-value-unreadable': 500,
  'wrong-sealing-keys': 503,
  'own-key-unusable': 503,
  'own-key-unreachable': 503,
  'plain-http': 403,
  'too-many-requests': 429,
}

/** The body of every refusal. Heroku shows its message to the customer (Add-on Partner API Reference). */
const Refusal = Type.Object({ id: Type.String(), message: Type.String() })

/** Response schemas of the refusals that any route may answer with. */
export const REFUSALS = { '4xx': Refusal, '5xx': Refusal }

const INTERNAL = { id: 'internal', message: 'Something went wrong on our side. Please try again.' }

/** Answers every error with `{ id, message }`. The message is ours; causes, details and stacks go to the log alone. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): unknown {
  if (error instanceof SecurekeyError && STATUS[error.code] !== 500) {
    request.log.info({ refusal: error.code, detail: error.detail }, 'request refused')
    return reply.status(STATUS[error.code]).send({ id: error.code, message: error.message })
  }
  const status = error.statusCode ?? 500
  if (status === 401) {
    return reply.status(401).send({ id: 'unauthenticated', message: 'The credentials are not right.' })
  }
  if (status >= 400 && status < 500) {
    request.log.info({ refusal: error.code }, 'request refused')
    return reply.status(status).send({ id: 'malformed-request', message: messageOf(error) })
  }
  request.log.error({ err: error }, 'request failed')
  return reply.status(500).send(INTERNAL)
}

/** Which field is wrong, without quoting what it holds: it may be a secret. */
function messageOf(error: FastifyError): string {
  const [first] = error.validation ?? []
  if (!first) return 'The request is malformed.'
  const field = first.instancePath.replaceAll('/', '.').replace(/^\./, '')
  const problem = first.keyword === 'pattern' ? 'is not valid' : first.message
  return `The request body is malformed: ${[field, problem].filter(Boolean).join(' ')}.`
}

export function handleNotFound(_request: FastifyRequest, reply: FastifyReply): unknown {
  return reply.status(404).send({ id: 'not-found', message: 'There is nothing at this address.' })
}
