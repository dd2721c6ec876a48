import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ClientActor } from '../../domain/actor.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import type { Deps } from '../../flows/deps.ts'
import { type HandOverOutcome, handOver } from '../../flows/hand-over/hand-over.ts'
import { type TokenProblem, useToken } from '../../flows/tokens/use-token.ts'
import { boundTo, noteCaller, originOf, refuseAtEndpoint } from '../private/binding.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import { bearerOf, COUNTED, MINUTE_MS, PER_TOKEN_AND_MINUTE, WRONG_PER_ADDRESS_AND_MINUTE } from './bearer.ts'
import { HAND_OVER_DESCRIPTION } from './hand-over-description.ts'
import { keyringView, matcherOf } from './keyring.ts'
import { limitOf, sendTooMany } from './limits.ts'
import { describedRefusals, handleApiError, sendProblem } from './problems.ts'
import { momentOf, oneOf } from './schemas.ts'
import { readSignedRequest, type SignedRequest } from './signed-request.ts'

const BODY_LIMIT_BYTES = 1_024
/** A client asks every minute at the most, if it asks as it is told. One that asks in a loop keeps no other client out. */
const PER_KID_AND_MINUTE = 60

const EphemeralKey = Type.Object(
  {
    kty: Type.String({ description: '`EC` or `OKP`.' }),
    crv: Type.String({ description: '`P-256` or `X25519`.' }),
    x: Type.String({ maxLength: 43 }),
    y: Type.Optional(Type.String({ maxLength: 43, description: 'Of a point of P-256.' })),
  },
  { additionalProperties: false, description: 'A public JWK, made for this request, with no other member.' },
)
const Body = Type.Object({ epk: EphemeralKey }, { additionalProperties: false })

const Answer = Type.Object({
  status: oneOf(['handed-over', 'already-latest']),
  jwe: Type.Optional(
    Type.String({
      description: 'handed-over: the keys, as a compact JWE to `epk` with a compact JWS in it.',
    }),
  ),
  kid: Type.Optional(Type.String({ description: 'already-latest: the key that signs; you have it.' })),
  next_rotation_at: Type.Optional(
    Type.String({ format: 'date-time', description: 'already-latest: it changes then.' }),
  ),
})

const AnswerHeaders = {
  etag: Type.String({ description: 'The kid of the key that signs, in quotes.' }),
  'refresh-after': Type.String({ description: 'Seconds after which to ask again.' }),
}
/** Read from the lines as they came, and refused alike whatever is wrong: no schema judges them. */
const SignedHeaders = Type.Object({
  authorization: Type.String({ description: '`Bearer sk_client_<id>_<secret>`' }),
  'content-digest': Type.String({ description: '`sha-256=:<base64>:` of the body (RFC 9530)' }),
  'signature-input': Type.String({ description: 'One signature of the label `securekey` (RFC 9421).' }),
  signature: Type.String({ description: '`securekey=:<base64>:`, 32 bytes' }),
  'if-none-match': Type.Optional(Type.String({ maxLength: 1_000 })),
})

/**
 * The hand-over: a client that holds the previous key is given the present ones. It has a secret of its own, which is asked
 * before the body is read. Whatever is wrong before its signature is right, the answer is the same.
 */
export async function registerHandOver(app: FastifyInstance, deps: Deps): Promise<void> {
  const clients = new WeakMap<FastifyRequest, { resourceId: string; actor: ClientActor }>()
  const kids = new WeakMap<FastifyRequest, string>()
  const base = deps.settings.addonUrl
  await app.register(rateLimit, { global: false, cache: COUNTED })
  const limit = (max: number, keyGenerator: (request: FastifyRequest) => string) =>
    app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator })
  const wrongOfAddress = limit(WRONG_PER_ADDRESS_AND_MINUTE, (request) => `wrong ${addressOf(request)}`)
  const ofClient = limit(PER_TOKEN_AND_MINUTE, (request) => `client ${clients.get(request)?.actor.id}`)
  const ofKid = limit(PER_KID_AND_MINUTE, (request) => `kid ${kids.get(request)}`)

  // The digest is that of the bytes that came.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.setErrorHandler(async (error, request, reply) => {
    // The client was ended while its request came in.
    if (error instanceof SecurekeyError && error.code === 'unauthenticated') return refuse(request, reply)
    return handleApiError(error as Parameters<typeof handleApiError>[0], request, reply)
  })

  app.addHook('onRequest', async (request, reply) => {
    const found = await useToken(deps, bearerOf(request), 'client', addressOf(request), boundTo(request))
    if (found.outcome === 'none') return await refuse(request, reply, found.because)
    const { id, name, resourceId } = found.token
    noteCaller(request, resourceId)
    clients.set(request, { resourceId, actor: { type: 'client', id, name, address: addressOf(request) } })
    const asked = limitOf(await ofClient(request))
    if (asked.isOver) return sendTooMany(reply, asked)
    return found.outcome === 'gone' ? sendProblem(reply, 'resource-gone') : undefined
  })

  app.post(
    '/hand-over',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      validatorCompiler: () => () => true,
      schema: {
        operationId: 'handOver',
        summary: 'The keys, for an enrolled client that holds the previous one',
        description: HAND_OVER_DESCRIPTION,
        security: [{ client: [] }],
        headers: SignedHeaders,
        body: Body,
        response: {
          200: {
            description: '`handed-over`: the keys. `already-latest`: the client has them.',
            headers: AnswerHeaders,
            content: { 'application/json': { schema: Answer } },
          },
          304: {
            description: 'It signed with the key that `If-None-Match` names, and that is the one that signs.',
            headers: AnswerHeaders,
            type: 'null',
          },
          ...describedRefusals(
            ...(['not-authenticated', 'clock', 'replayed', 'unusable-epk', 'hand-over-off'] as const),
            ...([
              'previous-key-after-latest',
              'not-this-endpoint',
              'plain-http',
              'resource-gone',
              'too-large',
            ] as const),
            ...(['malformed-request', 'not-json', 'too-many-requests', 'internal', 'not-now'] as const),
          ),
        },
      },
    },
    async (request, reply) => {
      const client = clients.get(request)
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const origin = originOf(request)
      const url = new URL(`${origin ?? base}${request.routeOptions.url}`)
      const signed = readSignedRequest(request, { url, body })
      if (!client || !signed) return await refuse(request, reply)
      kids.set(request, `${client.actor.id} ${signed.kid}`)
      const asked = limitOf(await ofKid(request))
      if (asked.isOver) return sendTooMany(reply, asked)
      const { kid, base: text, mac, created, expires, nonce } = signed
      const proof = { kid, text, mac, created, expires, nonce }
      const outcome = await handOver(deps, { ...client, proof, epk: epkIn(body), origin: url.origin })
      return await answer(request, reply, signed, outcome)
    },
  )

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    { kid }: SignedRequest,
    outcome: HandOverOutcome,
  ) {
    switch (outcome.outcome) {
      case 'unproved':
        return await refuse(request, reply)
      case 'clock':
        return sendProblem(reply, 'clock', { server_time: momentOf(outcome.now) })
      case 'replayed':
        return sendProblem(reply, 'replayed')
      case 'too-many':
        return sendTooMany(reply, { isOver: true, max: 0, remaining: 0, resetSeconds: MINUTE_MS / 1_000 })
      case 'unusable-key':
        return sendProblem(reply, 'unusable-epk')
      case 'off':
        return sendProblem(reply, 'hand-over-off')
      case 'came-back':
        logSecurityRefusal(request, 'client-came-back', { resourceId: clients.get(request)?.resourceId })
        return sendProblem(reply, 'previous-key-after-latest')
    }
    const { refreshAfterMs, nextRotationAt } = outcome
    reply.headers({
      etag: `"${outcome.kid}"`,
      'refresh-after': String(Math.round(refreshAfterMs / 1_000)),
      'cache-control': 'no-store',
    })
    if (outcome.outcome === 'hand-over') {
      return { status: 'handed-over', jwe: await outcome.seal(keyringView(outcome.opened)) }
    }
    if (matcherOf(request.headers['if-none-match'])(`"${kid}"`)) return await reply.status(304).send(null)
    return { status: 'already-latest', kid, next_rotation_at: momentOf(nextRotationAt) }
  }

  /** One answer for whatever is wrong. Those who try are counted by their address. */
  async function refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    problem: TokenProblem | 'proof' = 'proof',
  ) {
    const wrong = limitOf(await wrongOfAddress(request))
    if (wrong.isOver) {
      logSecurityRefusal(request, 'too-many-requests')
      return sendTooMany(reply, wrong)
    }
    logSecurityRefusal(request, problem === 'forged' ? 'forged-token' : 'wrong-client', { problem })
    const known = clients.has(request)
    return (known ? undefined : refuseAtEndpoint(request, reply)) ?? sendProblem(reply, 'not-authenticated')
  }
}

/** What a body names as the ephemeral key; it is judged by whoever is to use it. */
function epkIn(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'epk') return undefined
    return (value as { epk: unknown }).epk
  } catch {
    return undefined
  }
}
