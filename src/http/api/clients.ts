import { type Static, Type } from 'typebox'
import { readName } from '../../domain/api-token.ts'
import { liveResource } from '../../flows/change-resource.ts'
import { type EnrolledClient, endClients, readClients } from '../../flows/hand-over/clients.ts'
import { switchHandOver } from '../../flows/hand-over/switch-hand-over.ts'
import { enrolClient } from '../../flows/tokens/make-token.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { refusals, refusalsOfBody, sendProblem } from './problems.ts'
import { Moment, momentOf } from './schemas.ts'

const FIELDS_ALONE = { additionalProperties: false }
const ClientId = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{16}$' }) }, FIELDS_ALONE)

export const Client = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    made_by: Type.Union([Type.String(), Type.Null()], {
      description: 'The e-mail address of the person who enrolled it, or his id at Heroku.',
    }),
    created_at: Moment,
    last_used_at: Type.Union([Moment, Type.Null()], {
      description: 'When its secret was last right; to the minute.',
    }),
    last_kid: Type.Union([Type.String(), Type.Null()], {
      description: 'The key by which it last signed: it holds that one at least.',
    }),
    asked_since: Type.Union([Moment, Type.Null()], {
      description: 'When it first asked under the key that signed at its last request.',
    }),
    alarm_at: Type.Union([Moment, Type.Null()], {
      description:
        'When it came back with an older key than it had signed with before: somebody else may have its secret. End it.',
    }),
  },
  { $id: 'Client' },
)

const Enrolled = Type.Object({
  client: Type.Ref('Client'),
  secret: Type.String({ description: 'Shown this once, and stored nowhere.' }),
})
const HandOver = Type.Object({ enabled: Type.Boolean() })

/** Who is enrolled for the hand-over, and whether there is one. */
export function registerClients({ app, deps, bearer }: ApiScope): void {
  const ofPerson = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]

  app.get(
    '/clients',
    {
      onRequest: bearer.allowPerson(),
      schema: {
        operationId: 'listClients',
        summary: 'The enrolled clients, the newest first',
        description: 'A client may ask for the hand-over and do nothing else. Its secret is not among this.',
        security: [{ person: [] }],
        response: {
          200: Type.Object({ clients: Type.Array(Type.Ref('Client')) }),
          ...refusals('person-required'),
        },
      },
    },
    async (request) => {
      const { clients } = await readClients(deps, bearer.personOf(request).resourceId)
      return { clients: clients.map(clientView) }
    },
  )

  app.post(
    '/clients',
    {
      onRequest: ofPerson(),
      schema: {
        operationId: 'enrolClient',
        summary: 'Enrol a client',
        description:
          'Give it the secret, and the two keys of the config var, in a way that you trust. It has no end of its own. An add-on has 100 clients at the most.',
        security: [{ person: [] }],
        body: Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }) }, FIELDS_ALONE),
        response: { 201: Enrolled, ...refusalsOfBody('person-required', 'invalid-option') },
      },
    },
    async (request, reply) => {
      const person = bearer.personOf(request)
      const wish = readName(request.body.name, 'client')
      if ('problem' in wish) return sendProblem(reply, 'invalid-option', { detail: wish.problem })
      const made = await enrolClient(deps, { ...person, ...wish })
      if (made.outcome === 'signed-out') return sendProblem(reply, 'unauthenticated')
      if (made.outcome === 'too-many') {
        const detail = `An add-on has ${made.most} clients at the most. End one first.`
        return sendProblem(reply, 'invalid-option', { detail })
      }
      const nothingYet = {
        newestVersion: null,
        lastKid: null,
        seenVersion: null,
        seenAt: null,
        alarmAt: null,
      }
      const client = clientView({ ...made.token, lastUsedAt: null, ...nothingYet })
      return await reply.status(201).header('cache-control', 'no-store').send({ client, secret: made.text })
    },
  )

  app.delete(
    '/clients/:id',
    {
      onRequest: ofPerson(),
      schema: {
        operationId: 'endClient',
        summary: 'End a client',
        description:
          'From now on its secret is worth nothing. The keys that it holds stay good: if it may have lost them, revoke.',
        security: [{ person: [] }],
        params: ClientId,
        response: {
          204: { description: 'It has ended.', type: 'null' },
          ...refusalsOfBody('person-required', 'not-found'),
        },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.personOf(request)
      const ended = await endClients(deps, { resourceId, actor, id: request.params.id })
      return ended === 0 ? sendProblem(reply, 'not-found') : await reply.status(204).send(null)
    },
  )

  app.get(
    '/hand-over',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'getHandOver',
        summary: 'Whether the hand-over is switched on',
        description: 'It is off until a person switches it on, and after each revoke.',
        security: [{ token: ['read'] }],
        response: { 200: HandOver, ...refusals() },
      },
    },
    async (request) => {
      const { handsOver } = await liveResource(deps.db, bearer.callerOf(request).resourceId)
      return { enabled: handsOver }
    },
  )

  app.put(
    '/hand-over',
    {
      onRequest: ofPerson(),
      schema: {
        operationId: 'switchHandOver',
        summary: 'Switch the hand-over on or off',
        description:
          'While it is on, whoever has both the secret of a client and the previous key is given the present keys. No app restarts. A revoke switches it off.',
        security: [{ person: [] }],
        body: Type.Object({ enabled: Type.Boolean() }, FIELDS_ALONE),
        response: {
          200: Type.Object({
            changed: Type.Boolean({ description: 'False: it was so already.' }),
            enabled: Type.Boolean(),
          }),
          ...refusalsOfBody('person-required'),
        },
      },
    },
    async (request) => {
      const { resourceId, actor } = bearer.personOf(request)
      const { enabled } = request.body
      return { changed: await switchHandOver(deps, { resourceId, actor, on: enabled }), enabled }
    },
  )
}

function clientView(client: EnrolledClient): Static<typeof Client> {
  return {
    id: client.id,
    name: client.name,
    made_by: client.email ?? client.userId,
    created_at: momentOf(client.createdAt),
    last_used_at: momentOf(client.lastUsedAt),
    last_kid: client.lastKid,
    asked_since: momentOf(client.seenAt),
    alarm_at: momentOf(client.alarmAt),
  }
}
