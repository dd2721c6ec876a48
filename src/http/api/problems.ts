import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type ErrorCode, SecurekeyError } from '../../domain/errors.ts'

/** Every way in which the API refuses. The name is the end of `type`, and never changes its meaning. */
const PROBLEMS = {
  'malformed-request': [400, 'The request is malformed'],
  unauthenticated: [401, 'The token is not right'],
  'not-authenticated': [401, 'The request proves nothing'],
  clock: [401, 'The signature is not of now'],
  replayed: [401, 'The nonce was used before'],
  'scope-missing': [403, 'The token may not do that'],
  'hand-over-off': [403, 'The hand-over is switched off'],
  'previous-key-after-latest': [403, 'This client has signed with the latest key'],
  'person-required': [403, 'Only a person who signed on may do that'],
  'not-this-endpoint': [403, 'Not to be had through this endpoint'],
  'sign-on-refused': [403, 'The sign-on was refused'],
  'plain-http': [403, 'Served by https only'],
  'not-found': [404, 'There is nothing at this address'],
  'too-soon': [409, 'The current key is very new'],
  'held-back': [409, 'Apps still sign with the previous key'],
  'ends-early': [409, 'Keys that are still needed would go'],
  'too-many': [409, 'There are too many already'],
  'private-link-exists': [409, 'There is a private link already'],
  'private-link-going': [409, 'The private link is being taken away'],
  'private-link-failed': [409, 'The private link could not be made'],
  'mail-off': [409, 'This service sends no mail'],
  'own-keys-off': [409, 'This service has no access to AWS KMS'],
  'resource-gone': [410, 'The add-on was removed'],
  'too-large': [413, 'The request is too large'],
  'not-json': [415, 'The body must be JSON'],
  'name-differs': [422, 'That is not the name of the add-on'],
  'no-private-link': [422, 'This add-on can have no private link'],
  'invalid-option': [422, 'The value is not allowed'],
  'unusable-epk': [422, 'The ephemeral key is not usable'],
  'key-reused': [422, 'The Idempotency-Key was used for another request'],
  'too-many-requests': [429, 'Too many requests'],
  internal: [500, 'Something went wrong on our side'],
  'keys-revoked': [503, 'The keys are revoked and not replaced yet'],
  'not-now': [503, 'Not possible right now'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemName = keyof typeof PROBLEMS

const TYPE_PREFIX = 'urn:securekey:problem:'
export const PROBLEM_JSON = 'application/problem+json'

/** The body of every refusal: problem details (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'What is wrong, as a name that never changes its meaning.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.Optional(Type.String({ description: 'For people. Its words may change.' })),
    allowed_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'too-soon: possible from then on.' }),
    ),
    until: Type.Optional(
      Type.String({ format: 'date-time', description: 'held-back: it goes ahead by itself then.' }),
    ),
    server_time: Type.Optional(
      Type.String({ format: 'date-time', description: 'clock: what time it is here.' }),
    ),
    apps: Type.Optional(
      Type.Array(Type.String(), { description: 'held-back: the apps that are waited for.' }),
    ),
    confirm: Type.Optional(
      Type.String({ description: 'ends-early: to be sent with the same request to go ahead.' }),
    ),
    ends: Type.Optional(
      Type.Array(
        Type.Object({
          kid: Type.String(),
          from: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
          instead: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
        }),
        {
          description:
            'ends-early: the keys, from when on what they signed is refused, and from when on otherwise. Of the key that signs neither is known.',
        },
      ),
    ),
  },
  { $id: 'Problem' },
)

export type ProblemFacts = {
  detail?: string
  allowed_at?: string
  until?: string
  server_time?: string
  apps?: readonly string[]
  confirm?: string
  ends?: readonly { kid: string; from: string | null; instead: string | null }[]
  retryAfterSeconds?: number
}

/** The status of a refusal. */
export function statusOf(name: ProblemName): number {
  return PROBLEMS[name][0]
}

/** Refuses a request. */
export function sendProblem(reply: FastifyReply, name: ProblemName, facts: ProblemFacts = {}): FastifyReply {
  const [status, title] = PROBLEMS[name]
  const { retryAfterSeconds, ...told } = facts
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  // One challenge for whatever is wrong with a token (RFC 6750).
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="securekey"')
  const body = { type: `${TYPE_PREFIX}${name}`, title, status, ...told }
  // As bytes, so that no schema of a route changes what is said.
  return reply
    .status(status)
    .type(`${PROBLEM_JSON}; charset=utf-8`)
    .send(Buffer.from(JSON.stringify(body)))
}

/** What any route with a token may answer with. */
const ALWAYS: readonly ProblemName[] = [
  'malformed-request',
  'unauthenticated',
  'scope-missing',
  'not-this-endpoint',
  'plain-http',
  'resource-gone',
  'too-many-requests',
  'internal',
  'not-now',
]

/** The same for a route that takes no token but that of a person. */
export const PERSONS_ALONE: readonly ProblemName[] = [
  ...ALWAYS.filter((name) => name !== 'scope-missing'),
  'person-required',
]

/** The same for one that changes something, and may come with a body. */
export const PERSONS_CHANGE: readonly ProblemName[] = [...PERSONS_ALONE, 'too-large', 'not-json']

/** The response schemas of these refusals and of those that any route may answer with. */
export function refusals(...names: ProblemName[]) {
  return describedRefusals(...ALWAYS, ...names)
}

/** The response schemas of these refusals alone. */
export function describedRefusals(...names: ProblemName[]) {
  const byStatus = Map.groupBy(names, (name) => PROBLEMS[name][0])
  return Object.fromEntries(
    [...byStatus].map(([status, each]) => [
      status,
      {
        description: each.map((name) => `\`${name}\`: ${PROBLEMS[name][1]}.`).join(' '),
        content: { [PROBLEM_JSON]: { schema: Type.Ref('Problem') } },
      },
    ]),
  )
}

/** The same of a route that reads a body. */
export function refusalsOfBody(...names: ProblemName[]) {
  return refusals('too-large', 'not-json', ...names)
}

const OF_ERRORS: Readonly<Partial<Record<ErrorCode, ProblemName>>> = {
  'malformed-request': 'malformed-request',
  unauthenticated: 'unauthenticated',
  'unknown-resource': 'resource-gone',
  'resource-gone': 'resource-gone',
  'not-found': 'not-found',
  'invalid-option': 'invalid-option',
  'too-many': 'too-many',
  'not-now': 'not-now',
  'not-confirmed': 'not-now',
  'wrong-sealing-keys': 'not-now',
  'own-key-unusable': 'not-now',
  'own-key-unreachable': 'not-now',
  'plain-http': 'plain-http',
  'too-many-requests': 'too-many-requests',
}

/** Answers every error of the API. The words are ours; causes, details and stacks go to the log alone. */
export function handleApiError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): unknown {
  const known = error instanceof SecurekeyError ? OF_ERRORS[error.code] : undefined
  if (error instanceof SecurekeyError && known) {
    request.log.info({ refusal: error.code, detail: error.detail }, 'request refused')
    // A token that has ended meanwhile is told what any wrong one is told, and no more.
    return sendProblem(reply, known, known === 'unauthenticated' ? {} : { detail: error.message })
  }
  const status = error.statusCode ?? 500
  if (status < 400 || status >= 500) {
    request.log.error({ err: error }, 'request failed')
    return sendProblem(reply, 'internal', { detail: 'Nothing is lost. Please try again in a moment.' })
  }
  request.log.info({ refusal: error.code }, 'request refused')
  if (status === 429) return sendProblem(reply, 'too-many-requests')
  if (status === 413) return sendProblem(reply, 'too-large')
  if (status === 415) return sendProblem(reply, 'not-json')
  return sendProblem(reply, 'malformed-request', { detail: malformedWords(error) })
}

/** Which field is wrong, without quoting what it holds. */
function malformedWords({ validation, validationContext }: FastifyError): string {
  const [first] = validation ?? []
  if (!first) return 'The request could not be read.'
  const field = first.instancePath.slice(1).replaceAll('/', '.')
  const extra = first.params.additionalProperty === undefined ? '' : ': see the list of fields'
  return [validationContext, field, `${first.message ?? 'is not valid'}${extra}.`].filter(Boolean).join(' ')
}
