import { type Static, Type } from 'typebox'
import { readName } from '../../domain/api-token.ts'
import { isBearerId } from '../../domain/bearer-text.ts'
import { liveResource } from '../../flows/change-resource.ts'
import { type EnrolledClient, endClients, readClients } from '../../flows/hand-over/clients.ts'
import { switchHandOver } from '../../flows/hand-over/switch-hand-over.ts'
import { enrolClient } from '../../flows/tokens/make-token.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { registerEndings } from './endings.ts'
import { describedRefusals, PERSONS_ALONE, PERSONS_CHANGE, refusals, sendProblem } from './problems.ts'
import { Moment, momentOf, TextOrNull } from './schemas.ts'

const FIELDS_ALONE = { additionalProperties: false }

const CLIENT = {
  id: Type.String({ description: 'It stands in the secret too, and opens nothing.' }),
  name: Type.String(),
  made_by: TextOrNull,
  made_at: Moment,
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
}
const Client = Type.Object(CLIENT)
const EnrolledClientView = Type.Object({
  secret: Type.String({ description: 'For `Authorization: Bearer`. It is told once.' }),
  ...CLIENT,
})
const HandOver = Type.Object({ enabled: Type.Boolean() })

/** Who is enrolled for the hand-over, and whether there is one. */
export function registerClients({ app, deps, bearer }: ApiScope): void {
  const security = [{ person: [] }]
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]

  app.get(
    '/clients',
    {
      onRequest: bearer.allowPerson(),
      schema: {
        operationId: 'listClients',
        summary: 'The enrolled clients, the newest first',
        description: 'A client may ask for the hand-over and do nothing else. Never their secrets.',
        security,
        response: {
          200: Type.Object({ clients: Type.Array(Client) }),
          ...describedRefusals(...PERSONS_ALONE),
        },
      },
    },
    async (request) => {
      const { clients } = await readClients(deps, bearer.personOf(request).resourceId)
      return { clients: clients.map(view) }
    },
  )

  app.post(
    '/clients',
    {
      onRequest: change(),
      schema: {
        operationId: 'enrolClient',
        summary: 'Enrol a client',
        description:
          'Give it the secret, and the two keys of the config var, in a way that you trust. It ends when somebody ends it, or when whoever enrolled it has left. An add-on has 100 at the most. If the answer is lost, so is the secret: find the client in the list, end it, and enrol another.',
        security,
        body: Type.Object(
          {
            name: Type.String({
              maxLength: 200,
              description: 'For people; the program or its machine. 80 characters of it are kept.',
            }),
          },
          FIELDS_ALONE,
        ),
        response: {
          201: EnrolledClientView,
          ...describedRefusals(...PERSONS_CHANGE, 'invalid-option', 'too-many'),
        },
      },
    },
    async (request, reply) => {
      const person = bearer.personOf(request)
      const wish = readName(request.body.name, 'client')
      if ('problem' in wish) return sendProblem(reply, 'invalid-option', { detail: wish.problem })
      const made = await enrolClient(deps, { ...person, ...wish })
      if (made.outcome === 'signed-out') return sendProblem(reply, 'unauthenticated')
      if (made.outcome === 'too-many') {
        return sendProblem(reply, 'too-many', { detail: `An add-on has ${made.most} clients at the most.` })
      }
      const nothingYet = {
        newestVersion: null,
        lastKid: null,
        seenVersion: null,
        seenAt: null,
        alarmAt: null,
      }
      const client = view({ ...made.token, lastUsedAt: null, ...nothingYet })
      return await reply.status(201).send({ secret: made.text, ...client })
    },
  )

  registerEndings(
    { app, bearer },
    {
      path: '/clients',
      isId: isBearerId,
      one: {
        operationId: 'endClient',
        summary: 'End a client',
        description:
          'From then on its secret is worth nothing. The keys that it holds stay good: if it may have lost them, revoke.',
        end: ({ resourceId, actor }, id) => endClients(deps, { resourceId, actor, id }),
      },
      all: {
        operationId: 'endClients',
        summary: 'End all clients',
        description: 'None is handed any keys from then on. Those that they hold stay good.',
        end: ({ resourceId, actor }) => endClients(deps, { resourceId, actor }),
      },
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
      onRequest: change(),
      schema: {
        operationId: 'switchHandOver',
        summary: 'Switch the hand-over on or off',
        description:
          'While it is on, whoever has both the secret of a client and the previous key is given the present keys. No app restarts. A revoke switches it off.',
        security,
        body: Type.Object({ enabled: Type.Boolean() }, FIELDS_ALONE),
        response: {
          200: Type.Object({
            changed: Type.Boolean({ description: 'False: it was so already.' }),
            enabled: Type.Boolean(),
          }),
          ...describedRefusals(...PERSONS_CHANGE),
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

function view(client: EnrolledClient): Static<typeof Client> {
  return {
    id: client.id,
    name: client.name,
    made_by: client.email ?? client.userId,
    made_at: momentOf(client.createdAt),
    last_used_at: momentOf(client.lastUsedAt),
    last_kid: client.lastKid,
    asked_since: momentOf(client.seenAt),
    alarm_at: momentOf(client.alarmAt),
  }
}
