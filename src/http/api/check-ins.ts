import { Type } from 'typebox'
import { checkIn } from '../../flows/api/check-in.ts'
import type { ApiScope } from './api-scope.ts'
import { refusalsOfBody } from './problems.ts'
import { Kid } from './schemas.ts'

/** Of each process one after each poll and one after each swap; this is for many processes that share a token. */
const PER_HOUR = 1_200
const MOST_KEYS_COUNTED = 10
const LARGEST_COUNT = 1_000_000_000

const Name = Type.Union([Type.String({ maxLength: 200 }), Type.Null()])
const Count = Type.Integer({ minimum: 0, maximum: LARGEST_COUNT })

const CheckIn = Type.Object(
  {
    app: Type.Optional(
      Type.Union(Name.anyOf, { description: 'Name or id of the app that the process belongs to.' }),
    ),
    process: Type.Optional(
      Type.Union(Name.anyOf, {
        description: 'Its name within the app, such as `web.1`. The last word of each counts.',
      }),
    ),
    signs_with: Type.String({ ...Kid, description: 'The kid of the key that it signs with.' }),
    version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
    counts: Type.Optional(
      Type.Array(Type.Object({ kid: Kid, good: Count, bad: Count }, { additionalProperties: false }), {
        maxItems: MOST_KEYS_COUNTED,
        description:
          'How many signatures of a key the process has found right and wrong since its last check-in. They are added up for a day.',
      }),
    ),
  },
  { additionalProperties: false },
)

/** What a process says of the key that it signs with. */
export function registerCheckIns({ app, deps, bearer }: ApiScope): void {
  app.post(
    '/check-ins',
    {
      onRequest: [bearer.allow('keyring'), bearer.atMost(PER_HOUR)],
      schema: {
        operationId: 'checkIn',
        summary: 'Say which key a process signs with',
        description:
          'For a process that takes new keys without a restart. It is shown with its app, and kept for a day. As long as it is not older than 90 minutes and names the key in the second place, no schedule takes that key out, for a day at the most. It never brings anything forward. A token may say so 1200 times an hour.',
        security: [{ token: ['keyring'] }],
        body: CheckIn,
        response: { 204: { description: 'It is kept.', type: 'null' }, ...refusalsOfBody() },
      },
    },
    async (request, reply) => {
      const { resourceId } = bearer.callerOf(request)
      const { app: name = null, process = null, signs_with: kid, version = null, counts = [] } = request.body
      await checkIn(deps, { resourceId, said: { app: name, process, kid, version }, counts })
      return await reply.status(204).send(null)
    },
  )
}
