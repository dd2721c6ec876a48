import { type Static, Type } from 'typebox'
import { verifyForCaller } from '../../flows/access/verify-for-caller.ts'
import type { DatedVerification } from '../../flows/verify-key.ts'
import type { ApiScope } from './api-scope.ts'
import { refusalsOfBody, sendProblem } from './problems.ts'
import { MomentOrNull, momentOf, NumberOrNull, oneOf, TextOrNull } from './schemas.ts'

const Verification = Type.Object({
  outcome: oneOf(
    ['current', 'next', 'pending', 'previous', 'revoked', 'retired', 'unknown'],
    '`current`: apps sign with it. `next`: announced, it signs after the next rotation. `pending`: on its way to Heroku; an app may hold it already. `previous`: accepted until the end of its grace period. `revoked`, `retired`: accepted no more. `unknown`: no key of this add-on.',
  ),
  accepted: Type.Boolean({ description: 'Whether what this key signed is to be accepted now.' }),
  kid: TextOrNull,
  version: NumberOrNull,
  made_at: MomentOrNull,
  published_at: MomentOrNull,
  accepted_until: MomentOrNull,
  revoked_at: MomentOrNull,
  retired_at: MomentOrNull,
})
type Outcome = Static<typeof Verification>['outcome']

const ACCEPTED: readonly Outcome[] = ['current', 'next', 'pending', 'previous']

/** Says what a key is to the add-on now, by its SHA-256 or its id: the key itself never travels. */
export function registerVerifications({ app, deps, bearer }: ApiScope): void {
  app.post(
    '/verifications',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'verifyKey',
        summary: 'What a key is now',
        description:
          'Send either of the two, never the key. A revoke counts from the second in which it is asked for. Of a retired key only the first eight digits of its SHA-256 are kept, so these alone are compared.',
        security: [{ token: ['read'] }],
        body: Type.Object(
          {
            sha256: Type.Optional(
              Type.String({
                pattern: '^[0-9a-fA-F]{64}$',
                description: 'Of the text of the key: its 64 upper-case hex digits.',
              }),
            ),
            kid: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{8}$' })),
          },
          { additionalProperties: false },
        ),
        response: { 200: Verification, ...refusalsOfBody() },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const { sha256, kid } = request.body
      const digest = sha256 ?? kid
      if (digest === undefined || (sha256 !== undefined && kid !== undefined)) {
        return sendProblem(reply, 'malformed-request', { detail: 'Send either sha256 or kid.' })
      }
      return view(await verifyForCaller(deps, { resourceId, actor, digest }))
    },
  )
}

function view(found: DatedVerification): Static<typeof Verification> {
  const life = found.outcome === 'unknown' ? undefined : found.life
  return {
    outcome: found.outcome,
    accepted: ACCEPTED.includes(found.outcome),
    kid: life?.fingerprint ?? null,
    version: life?.version ?? null,
    made_at: momentOf(life?.createdAt),
    published_at: momentOf(life?.publishedAt),
    accepted_until: momentOf(life?.graceEndsAt),
    revoked_at: momentOf(life?.revokedAt),
    retired_at: momentOf(life?.retiredAt),
  }
}
