import { type Static, Type } from 'typebox'
import { markAccessKnown } from '../../flows/access/mark-known.ts'
import { type AccessOverview, type AccessorView, readAccess } from '../../flows/access/read-access.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { describedRefusals, PERSONS_CHANGE, refusals, sendProblem } from './problems.ts'
import { Moment, MomentOrNull, momentOf, oneOf } from './schemas.ts'

const Accessor = Type.Object({
  kind: oneOf(['person', 'token', 'client']),
  id: Type.Union([Type.String(), Type.Null()], {
    description: 'Heroku’s of a person; null for those whose sign-on named nobody.',
  }),
  who: Type.String(),
  first_at: Moment,
  last_at: Type.String({ format: 'date-time', description: 'Of a token or client to the day.' }),
  keys_at: Type.Union([Moment, Type.Null()], { description: 'When keys were last handed to them.' }),
  networks: Type.Array(Type.Object({ network: Type.String(), first_at: Moment, last_at: Moment })),
})
const Unusual = Type.Object({
  at: Moment,
  because: Type.String({
    description:
      '`new-person`, `new-network`, `many-shown`, `program-elsewhere`, `sign-ons-refused` or `revoked-key-asked`. There may be new ones.',
  }),
  why: Type.String({ description: 'The same in words, with who and from where.' }),
  known_at: MomentOrNull,
})

/** Who used an add-on and from where, and what of it was not usual. A person may say that it is known. */
export function registerAccess({ app, deps, bearer }: ApiScope): void {
  app.get(
    '/access',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'getAccess',
        summary: 'Who used the add-on, and what was unusual',
        description:
          'Of the last 90 days, the newest first: people who saw keys or downloaded the history, tokens and clients that were used, and each kind of unusual access when it was last told. `known_at`: a person has said that it was one of them.',
        security: [{ token: ['read'] }],
        response: {
          200: Type.Object({ accessors: Type.Array(Accessor), unusual: Type.Array(Unusual) }),
          ...refusals(),
        },
      },
    },
    async (request) => {
      const { accessors, unusual } = await readAccess(deps, bearer.callerOf(request).resourceId)
      return { accessors: accessors.map(accessorView), unusual: unusual.map(unusualView) }
    },
  )

  app.post(
    '/access/known',
    {
      onRequest: [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)],
      schema: {
        operationId: 'markAccessKnown',
        summary: 'Say that unusual access was one of you',
        description:
          'Marks what was told up to `until` as known, in the history by your name. It ends nothing, and what is usual stays as it is. Send the `at` of the newest that you have seen.',
        security: [{ person: [] }],
        body: Type.Object({ until: Type.String({ maxLength: 40 }) }, { additionalProperties: false }),
        response: {
          200: Type.Object({ known: Type.Integer({ description: 'How many there were.' }) }),
          ...describedRefusals(...PERSONS_CHANGE),
        },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.personOf(request)
      const until = new Date(request.body.until)
      if (!ISO.test(request.body.until) || Number.isNaN(until.getTime())) {
        return sendProblem(reply, 'malformed-request', { detail: 'until is a date and time in UTC.' })
      }
      return { known: await markAccessKnown(deps, { resourceId, actor, until }) }
    },
  )
}

const ISO = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,3})?)?Z$/

function accessorView({
  kind,
  id,
  who,
  firstAt,
  lastAt,
  keysAt,
  networks,
}: AccessorView): Static<typeof Accessor> {
  return {
    kind,
    id,
    who,
    first_at: momentOf(firstAt),
    last_at: momentOf(lastAt),
    keys_at: momentOf(keysAt),
    networks: networks.map((each) => ({
      network: each.network,
      first_at: momentOf(each.firstAt),
      last_at: momentOf(each.lastAt),
    })),
  }
}

function unusualView({
  at,
  reason,
  words,
  knownAt,
}: AccessOverview['unusual'][number]): Static<typeof Unusual> {
  return { at: momentOf(at), because: reason, why: words, known_at: momentOf(knownAt) }
}
