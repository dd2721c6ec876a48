import { Type } from 'typebox'
import { makeForkCode } from '../../flows/fork/fork-codes.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { describedRefusals, PERSONS_CHANGE, sendProblem } from './problems.ts'
import { Moment, momentOf } from './schemas.ts'

const MadeCode = Type.Object({
  code: Type.String({ description: '`sk_fork_…`. It is told once.' }),
  id: Type.String({ description: 'It stands in the code and in the history, and opens nothing.' }),
  expires_at: Moment,
  next_rotation_at: Type.String({
    format: 'date-time',
    description:
      'Of this add-on. Attach the new one before: then this one signs with a key that the other does not have.',
  }),
})

/** The code by which a new add-on takes over the keys of this one. */
export function registerForkCodes({ app, deps, bearer }: ApiScope): void {
  app.post(
    '/fork-codes',
    {
      onRequest: [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)],
      schema: {
        operationId: 'makeForkCode',
        summary: 'Make the code by which a new add-on takes over the keys',
        description:
          'For `heroku addons:create … -- --encryption-key ARN --fork CODE`. Whoever has the code gets the keys, on whatever app or team. It is good once and for an hour, ends the one before, and ends with a revoke. There is no way back from an encryption key of yours to ours.',
        security: [{ person: [] }],
        body: Type.Object({}, { additionalProperties: false }),
        response: { 201: MadeCode, ...describedRefusals(...PERSONS_CHANGE, 'own-keys-off') },
      },
    },
    async (request, reply) => {
      const made = await makeForkCode(deps, bearer.personOf(request))
      if (made.outcome === 'signed-out') return sendProblem(reply, 'unauthenticated')
      if (made.outcome === 'off') {
        const detail = 'No add-on could take over the keys: none can have an encryption key of yours.'
        return sendProblem(reply, 'own-keys-off', { detail })
      }
      const { text, code, nextRotationAt } = made
      return await reply.status(201).send({
        code: text,
        id: code.id,
        expires_at: momentOf(code.expiresAt),
        next_rotation_at: momentOf(nextRotationAt),
      })
    },
  )
}
