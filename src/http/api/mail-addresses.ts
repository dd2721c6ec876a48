import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { maskedAddress, readMailAddress } from '../../domain/mail-address.ts'
import { isMailAddressId } from '../../domain/mail-link.ts'
import { type MailAddress, readMailReaders, removeMailAddress } from '../../flows/notices/mail/addresses.ts'
import { type AddOutcome, addMailAddress, retryMailAddress } from '../../flows/notices/mail/ask-address.ts'
import { addressWords } from '../mail/address-words.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { Id, registerEndings } from './endings.ts'
import { describedRefusals, PERSONS_CHANGE, refusals, sendProblem } from './problems.ts'
import { Moment, MomentOrNull, momentOf, oneOf, TextOrNull } from './schemas.ts'

const ADDRESS = {
  id: Type.String(),
  address: Type.String({ description: 'In full to a person. Programs get it as `a…@example.com`.' }),
  state: oneOf(
    ['unconfirmed', 'confirmed', 'refused'],
    'Notices go to a confirmed address. `refused`: the mail server takes no mail for it, and it is not tried until a person acts.',
  ),
  added_at: Moment,
  confirm_by: MomentOrNull,
  confirmed_at: MomentOrNull,
  trouble: {
    ...TextOrNull,
    description: 'Why the last link, or the last notice, was not taken by the mail server.',
  },
}
const Address = Type.Object(ADDRESS)
const Readers = Type.Object({
  mail_is_sent: Type.Boolean({ description: 'False: this service sends no mail at all.' }),
  addresses: Type.Array(Address),
  collaborators: Type.Object(
    { told_at: MomentOrNull, reached: Type.Integer(), unreached: Type.Integer() },
    {
      description:
        'Heroku’s collaborators of the apps, who are told of what concerns keys, grants and foreign values: when that was last, and how many of them.',
    },
  ),
})
const Asked = Type.Object({
  ...ADDRESS,
  link_sent: Type.Boolean({ description: 'False: the mail server did not take the mail. Try again later.' }),
})
const Tried = Type.Object({ link_sent: Type.Boolean({ description: 'Whether another link was mailed.' }) })
const REFUSED = [...PERSONS_CHANGE, 'invalid-option', 'too-many', 'mail-off'] as const

/** To whom notices are mailed. Addresses are a person's to add: a token that leaks must not read along from then on. */
export function registerMailAddresses({ app, deps, bearer }: ApiScope): void {
  const security = [{ person: [] }]
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]

  app.get(
    '/mail-addresses',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'listMailAddresses',
        summary: 'To whom notices are mailed',
        security: [{ token: ['read'] }],
        response: { 200: Readers, ...refusals() },
      },
    },
    async (request) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const { on, addresses, collaborators } = await readMailReaders(deps, resourceId)
      const { toldAt, reached, unreached } = collaborators
      return {
        mail_is_sent: on,
        addresses: addresses.map((each) => view(each, actor.type === 'person')),
        collaborators: { told_at: momentOf(toldAt), reached, unreached },
      }
    },
  )

  app.post(
    '/mail-addresses',
    {
      onRequest: change(),
      schema: {
        operationId: 'addMailAddress',
        summary: 'Have notices mailed to an address',
        description:
          'A link goes to the address, good once and for three days. Notices follow when its reader has confirmed it there. An add-on has 10 addresses at the most. An address is asked 3 times a day, whoever asks; an add-on asks 10 times a day.',
        security,
        body: Type.Object(
          { address: Type.String({ maxLength: 320, description: 'One plain address: `ann@example.com`.' }) },
          { additionalProperties: false },
        ),
        response: { 201: Asked, ...describedRefusals(...REFUSED) },
      },
    },
    async (request, reply) => {
      const { resourceId, actor, session } = bearer.personOf(request)
      const read = readMailAddress(request.body.address)
      if ('problem' in read) return sendProblem(reply, 'invalid-option', { detail: read.problem })
      const asked = await addMailAddress(deps, { resourceId, actor, session, ...read })
      if (asked.outcome !== 'asked') return refuse(reply, asked)
      const { addresses } = await readMailReaders(deps, resourceId)
      const added = addresses.find(({ id }) => id === asked.id)
      if (!added) return sendProblem(reply, 'not-found')
      return await reply.status(201).send({ ...view(added, true), link_sent: asked.sent.outcome === 'sent' })
    },
  )

  app.post(
    '/mail-addresses/:id/retry',
    {
      onRequest: change(),
      schema: {
        operationId: 'retryMailAddress',
        summary: 'Try a mail address again',
        description:
          'One that is not confirmed gets another link; the link before it is void. One that the mail server refused is tried with the next notice.',
        security,
        params: Id,
        response: { 200: Tried, ...describedRefusals(...REFUSED, 'not-found') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor, session } = bearer.personOf(request)
      const { id } = request.params
      if (!isMailAddressId(id)) return sendProblem(reply, 'not-found')
      const asked = await retryMailAddress(deps, { resourceId, actor, session, id })
      if (asked.outcome === 'tried-again') return { link_sent: false }
      if (asked.outcome !== 'asked') return refuse(reply, asked)
      return { link_sent: asked.sent.outcome === 'sent' }
    },
  )

  registerEndings(
    { app, bearer },
    {
      path: '/mail-addresses',
      isId: isMailAddressId,
      one: {
        operationId: 'removeMailAddress',
        summary: 'Mail no more notices to an address',
        description: 'The address is forgotten.',
        end: async ({ resourceId, actor }, id) =>
          (await removeMailAddress(deps, { resourceId, actor, id })) ? 1 : 0,
      },
    },
  )
}

function refuse(reply: FastifyReply, asked: Exclude<AddOutcome, { outcome: 'asked' }>) {
  const detail = addressWords(asked)
  switch (asked.outcome) {
    case 'signed-out':
      return sendProblem(reply, 'unauthenticated')
    case 'absent':
      return sendProblem(reply, 'not-found', { detail })
    case 'off':
      return sendProblem(reply, 'mail-off', { detail })
    case 'there-already':
      return sendProblem(reply, 'invalid-option', { detail })
    default:
      return sendProblem(reply, 'too-many', { detail })
  }
}

function view(each: MailAddress, isPerson: boolean): Static<typeof Address> {
  const { id, address, createdAt, confirmBy, confirmedAt, failed } = each
  return {
    id,
    address: isPerson ? address : maskedAddress(address),
    state: confirmBy ? 'unconfirmed' : failed ? 'refused' : 'confirmed',
    added_at: momentOf(createdAt),
    confirm_by: momentOf(confirmBy),
    confirmed_at: momentOf(confirmedAt),
    trouble: failed?.words ?? null,
  }
}
