import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { LONGEST_LINK_ACCOUNT, MOST_LINK_ACCOUNTS } from '../../domain/private-link-accounts.ts'
import { addAccounts, removeAccounts } from '../../flows/private-link/change-accounts.ts'
import { createPrivateLink } from '../../flows/private-link/create-link.ts'
import { destroyPrivateLink } from '../../flows/private-link/destroy-link.ts'
import { readPrivateLink } from '../../flows/private-link/link-view.ts'
import type { PrivateLinkOutcome } from '../../flows/private-link/outcome.ts'
import { goneObject, linkObject } from '../private-link/link-object.ts'
import { failureOf, NO_LINK, refusalOf } from '../private-link/refusal.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { describedRefusals, PERSONS_CHANGE, refusals, sendProblem } from './problems.ts'

const PERSON = [{ person: [] }]
const LINK = Type.Ref('PrivateLink')
const Accounts = Type.Object(
  {
    allowed_accounts: Type.Array(Type.String({ maxLength: LONGEST_LINK_ACCOUNT }), {
      maxItems: MOST_LINK_ACCOUNTS,
      description:
        'AWS accounts, users and roles: `123456789101`, `123456789101:user/NAME`, `123456789101:role/NAME`, or their full ARNs. No `*`, and no path.',
    }),
  },
  { additionalProperties: false },
)

/** PrivateLink of an add-on: the same as under `/private-link/v0`, for tokens and sessions of this service. */
export function registerPrivateLink({ app, deps, bearer }: ApiScope): void {
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]

  app.get(
    '/privatelink',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'getPrivateLink',
        summary: 'The private link of the add-on',
        description:
          'Its service name, who may make endpoints for it, and the endpoints that are connected. One that could not be made is answered with 409.',
        security: [{ token: ['read'] }],
        response: { 200: LINK, ...refusals('not-found', 'private-link-failed') },
      },
    },
    async (request, reply) => {
      const view = await readPrivateLink(deps, bearer.callerOf(request).resourceId)
      const refusal = view ? failureOf(view) : NO_LINK
      if (view && !refusal) return linkObject(view)
      const { name, detail } = refusal ?? NO_LINK
      return sendProblem(reply, name, { detail })
    },
  )

  app.post(
    '/privatelink',
    {
      onRequest: change(),
      schema: {
        operationId: 'createPrivateLink',
        summary: 'Create a private link',
        description:
          'Makes an endpoint service in AWS, in the region of the add-on, which takes five to ten minutes: ask until `status` is `Operational`. Plans in Private and Shield Spaces have it. Nothing is open until one of these accounts makes an endpoint for it; then a config var with its address is set, which restarts the apps.',
        security: PERSON,
        body: Accounts,
        response: {
          200: LINK,
          ...describedRefusals(
            ...PERSONS_CHANGE,
            'private-link-exists',
            'private-link-going',
            'private-link-failed',
            'no-private-link',
            'invalid-option',
          ),
        },
      },
    },
    async (request, reply) => {
      const { allowed_accounts: accounts } = request.body
      const { resourceId, actor } = bearer.personOf(request)
      const done = await createPrivateLink(deps, { resourceId, actor, accounts })
      // The same request again, of a link that has failed meanwhile.
      const failure = done.outcome === 'done' && done.view ? failureOf(done.view) : undefined
      return failure ? sendProblem(reply, failure.name, { detail: failure.detail }) : sendOutcome(reply, done)
    },
  )

  app.delete(
    '/privatelink',
    {
      onRequest: change(),
      schema: {
        operationId: 'destroyPrivateLink',
        summary: 'Destroy the private link',
        description:
          'Cuts every connection at once, and takes the endpoint service away. The config vars of the connections are unset, which restarts the apps. It is shown as `Deprovisioning` until AWS has nothing left, then it is 404.',
        security: PERSON,
        response: { 200: LINK, ...describedRefusals(...PERSONS_CHANGE, 'not-found') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.personOf(request)
      return sendOutcome(reply, await destroyPrivateLink(deps, { resourceId, actor }))
    },
  )

  changeAccounts('PUT', addAccounts, {
    operationId: 'addPrivateLinkAccounts',
    summary: 'Let more accounts make endpoints',
    description: 'Adds to those that are there: it replaces none. One that is there stays.',
  })
  changeAccounts('PATCH', removeAccounts, {
    operationId: 'removePrivateLinkAccounts',
    summary: 'Remove accounts',
    description:
      'They make no endpoints any more, and the connections of an account of which no entry is left are cut. One that is not there is no error.',
  })

  type Words = { operationId: string; summary: string; description: string }
  function changeAccounts(method: 'PUT' | 'PATCH', flow: typeof addAccounts, words: Words): void {
    app.route({
      method,
      url: '/privatelink/allowed-accounts',
      onRequest: change(),
      schema: {
        ...words,
        security: PERSON,
        body: Accounts,
        response: {
          200: LINK,
          ...describedRefusals(...PERSONS_CHANGE, 'not-found', 'private-link-going', 'invalid-option'),
        },
      },
      handler: async (request, reply) => {
        const { allowed_accounts: accounts } = request.body
        const { resourceId, actor } = bearer.personOf(request)
        return sendOutcome(reply, await flow(deps, { resourceId, actor, accounts }))
      },
    })
  }
}

function sendOutcome(reply: FastifyReply, done: PrivateLinkOutcome): FastifyReply {
  if (done.outcome === 'done') return reply.send(done.view ? linkObject(done.view) : goneObject())
  const { name, detail } = refusalOf(done)
  return sendProblem(reply, name, { detail })
}
