import { Type } from 'typebox'
import { askedOnce } from '../../domain/asked-once.ts'
import { type RotationName, readRotationId, rotationId } from '../../domain/rotation-id.ts'
import { readRotation, readRotations } from '../../flows/api/read-rotation.ts'
import { requestRotation } from '../../flows/dashboard/request-rotation.ts'
import { revokeByName } from '../../flows/dashboard/revoke-by-name.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { Confirm, sendEndsEarly } from './ends-early.ts'
import { refusals, refusalsOfBody, sendProblem } from './problems.ts'
import { rotationView } from './rotation-view.ts'
import { Next, olderThanOf, oneOf, Page } from './schemas.ts'

const Rotation = Type.Ref('Rotation')
const Accepted = Type.Object({
  outcome: oneOf(
    ['requested', 'joined', 'repeated'],
    '`joined`: a rotation was under way already and serves the request. `repeated`: this very request was served before.',
  ),
  rotation: Rotation,
})
const Headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[!-~]{1,200}$',
      description:
        'Of your choice, another one for each request. The same request of the same token with the same key within 24 hours is served once.',
    }),
  ),
})

/** Rotations and revocations: look at them, ask for one, follow it to its end. */
export function registerRotations({ app, deps, bearer }: ApiScope): void {
  app.get(
    '/rotations',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'listRotations',
        summary: 'Rotations, the newest first',
        description: 'The one that is under way stands first.',
        security: [{ token: ['read'] }],
        querystring: Page,
        response: { 200: Type.Object({ rotations: Type.Array(Rotation), next: Next }), ...refusals() },
      },
    },
    async (request) => {
      const { resourceId } = bearer.callerOf(request)
      const found = await readRotations(deps, { resourceId, ...olderThanOf(request.query) })
      const now = deps.now()
      return {
        rotations: found.rotations.map((each) => rotationView(each, now)),
        next: found.olderThan ?? null,
      }
    },
  )

  app.get(
    '/rotations/:id',
    {
      onRequest: bearer.allow('read', 'rotate', 'revoke'),
      schema: {
        operationId: 'getRotation',
        summary: 'One rotation',
        description:
          'Ask again until `status` is `done`, `superseded` or `cancelled`; every few seconds is enough.',
        security: [{ token: ['read'] }, { token: ['rotate'] }, { token: ['revoke'] }],
        params: Type.Object({ id: Type.String({ maxLength: 60 }) }),
        response: { 200: Rotation, ...refusals('not-found') },
      },
    },
    async (request, reply) => {
      const { resourceId } = bearer.callerOf(request)
      const name = readRotationId(request.params.id)
      const found = name && (await readRotation(deps, { resourceId, rotation: name }))
      return found ? rotationView(found, deps.now()) : sendProblem(reply, 'not-found')
    },
  )

  app.post(
    '/rotations',
    {
      onRequest: [bearer.allow('rotate'), bearer.atMost(CHANGES_PER_HOUR)],
      schema: {
        operationId: 'startRotation',
        summary: 'Rotate now',
        description:
          'A new key signs, and the current one stays accepted for its grace period. Every app restarts. The rotation period counts anew.',
        security: [{ token: ['rotate'] }],
        headers: Headers,
        body: Type.Object(
          {
            even_if_too_soon: Type.Optional(
              Type.Boolean({
                description:
                  'Do not wait for apps that may still sign with the previous key: what it signed is refused.',
              }),
            ),
            confirm: Confirm,
          },
          { additionalProperties: false },
        ),
        response: { 202: Accepted, ...refusalsOfBody('too-soon', 'held-back', 'ends-early', 'key-reused') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor, id } = bearer.callerOf(request)
      const { even_if_too_soon: evenIfTooSoon = false, confirm } = request.body
      const once = onceOf(request, 'rotate', id)
      const done = await requestRotation(deps, { resourceId, actor, evenIfTooSoon, confirm, once })
      if (done.outcome === 'too-soon') {
        return sendProblem(reply, 'too-soon', {
          detail: 'Some apps may still be signing with the previous one.',
          allowed_at: done.allowedAt.toISOString(),
        })
      }
      if (done.outcome === 'held-back') {
        return sendProblem(reply, 'held-back', { apps: done.apps, until: done.until.toISOString() })
      }
      if (done.outcome === 'ends-early') return sendEndsEarly(reply, done)
      if (done.outcome === 'key-reused') return sendProblem(reply, 'key-reused')
      return await reply.status(202).send(await accepted(resourceId, done))
    },
  )

  app.post(
    '/revocations',
    {
      onRequest: [bearer.allow('revoke'), bearer.atMost(CHANGES_PER_HOUR)],
      schema: {
        operationId: 'revokeKeys',
        summary: 'Revoke all keys, because one leaked',
        description:
          'From this moment on verifications call every key that exists revoked. Two new keys replace them at Heroku, which restarts every app: everybody is logged out. Until it has restarted, an app accepts the old keys, and a one-off dyno until it ends. All sessions end but the one that asks, and the tokens that may read keys unless `keep_tokens` is true; if the token that asks is one of them, it ends too.',
        security: [{ token: ['revoke'] }],
        headers: Headers,
        body: Type.Object(
          {
            confirm: Type.String({
              maxLength: 200,
              description: 'The name of the add-on, or its id, so that this does not happen by a slip.',
            }),
            keep_tokens: Type.Optional(Type.Boolean()),
          },
          { additionalProperties: false },
        ),
        response: { 202: Accepted, ...refusalsOfBody('name-differs', 'key-reused') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor, id, session } = bearer.callerOf(request)
      const { confirm: typedName, keep_tokens: keepTokens = false } = request.body
      const once = onceOf(request, 'revoke', id)
      const own = session && { session: session.digest }
      const done = await revokeByName(deps, { resourceId, actor, typedName, keepTokens, once, ...own })
      if (done.outcome === 'name-differs') {
        return sendProblem(reply, 'name-differs', { detail: 'No keys were revoked.' })
      }
      if (done.outcome === 'key-reused') return sendProblem(reply, 'key-reused')
      return await reply.status(202).send(await accepted(resourceId, done))
    },
  )

  async function accepted(
    resourceId: string,
    { outcome, rotation }: { outcome: 'requested' | 'joined' | 'repeated'; rotation: RotationName },
  ) {
    const found = await readRotation(deps, { resourceId, rotation })
    if (!found) throw new Error(`rotation ${rotationId(rotation)} is not there`)
    return { outcome, rotation: rotationView(found, deps.now()) }
  }
}

function onceOf(
  { headers, body }: { headers: { 'idempotency-key'?: string }; body: object },
  operation: string,
  tokenId: string,
) {
  const key = headers['idempotency-key']
  return key === undefined ? undefined : askedOnce({ tokenId, operation, key, body })
}
