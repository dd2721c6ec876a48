import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Person } from '../../domain/actor.ts'
import type { Deps } from '../../flows/deps.ts'
import { type Admission, admitHerokuUser } from '../../flows/private-link/admit-heroku-user.ts'
import { isMeant } from '../../flows/private-link/is-meant.ts'
import { type ProblemName, statusOf } from '../api/problems.ts'
import { whoAsks } from '../api/who-asks.ts'
import { boundTo } from '../private/binding.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import { createWrongTries } from '../wrong-tries.ts'
import { type Credential, credentialIn } from './credential.ts'

/** Who was let in, and to which add-on. `person`: who changes something; undefined for whoever only looks. */
export type Visitor = { resourceId: string; person: Person | undefined }

type Refusal = { name: ProblemName; detail: string; retryAfterSeconds?: number }
type Asked = { addon: string; toChange: boolean; address: string | null; bound: string | null }

/** Whatever is wrong with a token, and also where it has ended meanwhile. */
export const WRONG_TOKEN: Refusal = { name: 'unauthenticated', detail: 'The token is not right.' }
/** No 401: at that, Heroku’s command line shows none of these words and asks for another login, or blames HEROKU_API_KEY. */
const NO_TOKEN: Refusal = {
  name: 'sign-on-refused',
  detail:
    'Your plugin sent the word “undefined” in place of your Heroku token, as version 2.0.1 of Heroku’s plugin does. Use `heroku securekey:privatelink` instead.',
}
/** Of an add-on that is not there, and of one that is somebody else’s: nobody learns which. */
const UNKNOWN: Refusal = { name: 'not-found', detail: 'Couldn’t find that add-on.' }
const FROM_HEROKU: Readonly<Record<Exclude<Admission['outcome'], 'admitted'>, Refusal>> = {
  'wrong-token': WRONG_TOKEN,
  unknown: UNKNOWN,
  'read-only': {
    name: 'scope-missing',
    detail:
      'At Heroku your token may look at this add-on, but not read its config. To change something it must.',
  },
  'not-named': {
    name: 'person-required',
    detail: 'Heroku does not say whose this token is. Only somebody whom it names may change something.',
  },
  'not-now': {
    name: 'not-now',
    detail: 'Heroku could not be asked what your token may do. Nothing was changed. Try again in a minute.',
    retryAfterSeconds: 30,
  },
}
const PERSONS_ALONE: Refusal = {
  name: 'person-required',
  detail: 'Only a person who signed on may change something: no API token does.',
}
const NAMED_NOBODY: Refusal = {
  name: 'person-required',
  detail: 'Your sign-on named nobody. Only somebody whom Heroku names may change something.',
}
/** What is counted as a guess. */
const GUESSES: readonly ProblemName[] = ['unauthenticated', 'not-found']

/**
 * Lets in who may ask for the add-on that the address names: with a token or session of ours, or with a Heroku token about
 * which Heroku is asked, for this request alone. It comes before the body is read. From an address that has sent too many
 * wrong ones nothing is asked of Heroku for a while.
 */
export function createDoor(deps: Deps, { userSignOn }: { userSignOn: boolean }) {
  const visitors = new WeakMap<FastifyRequest, Visitor>()
  const tries = createWrongTries(deps.now)

  async function withOurs(
    text: string,
    { addon, toChange, address, bound }: Asked,
  ): Promise<Visitor | Refusal> {
    const found = await whoAsks(deps, text, { address, userSignOn, boundTo: bound })
    if (found.outcome === 'none') return WRONG_TOKEN
    const { resourceId, actor, scopes, session } = found.caller
    if (found.outcome === 'gone' || !(await isMeant(deps, { resourceId, addon }))) return UNKNOWN
    if (!toChange) {
      if (scopes.includes('read')) return { resourceId, person: undefined }
      return { name: 'scope-missing', detail: 'It needs the scope read.' }
    }
    if (actor.type !== 'person') return PERSONS_ALONE
    return session?.mayHandleKeys ? { resourceId, person: actor } : NAMED_NOBODY
  }

  async function withHerokus(token: string, { addon, toChange, address }: Asked): Promise<Visitor | Refusal> {
    const asked = { token, addon, toChange, address, mustBeNamed: userSignOn }
    const admission = await admitHerokuUser(deps, asked)
    if (admission.outcome !== 'admitted') return FROM_HEROKU[admission.outcome]
    return { resourceId: admission.resourceId, person: toChange ? admission.actor : undefined }
  }

  return {
    /** A hook: lets the request pass, or refuses it. */
    async admit(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
      const address = addressOf(request)
      const credential = credentialIn(request.headers.authorization)
      const { addon = '' } = request.params as { addon?: string }
      const toChange = !['GET', 'HEAD'].includes(request.method)
      const asked = { addon, toChange, address, bound: boundTo(request) }
      if (credential.kind === 'heroku' && tries.isOver(address ?? '')) {
        logSecurityRefusal(request, 'too-many-requests')
        const detail = 'Too many wrong tokens came from your address. Try again in a minute.'
        return refuse(reply, { name: 'too-many-requests', detail, retryAfterSeconds: 60 })
      }
      const found = await admission(credential, asked)
      if ('resourceId' in found) {
        visitors.set(request, found)
        return undefined
      }
      if (credential.kind === 'ours' || credential.kind === 'heroku') {
        if (GUESSES.includes(found.name)) tries.count(address ?? '')
        if (found.name !== 'not-now') logSecurityRefusal(request, 'wrong-token', { problem: found.name })
      }
      return refuse(reply, found)
    },
    visitorOf(request: FastifyRequest): Visitor {
      const visitor = visitors.get(request)
      if (!visitor) throw new Error('nobody was let in')
      return visitor
    },
    personOf(request: FastifyRequest): { resourceId: string; actor: Person } {
      const { resourceId, person } = visitors.get(request) ?? {}
      if (resourceId === undefined || !person) throw new Error('no person was let in')
      return { resourceId, actor: person }
    },
  }

  async function admission(credential: Credential, asked: Asked): Promise<Visitor | Refusal> {
    if (credential.kind === 'undefined') return NO_TOKEN
    if (credential.kind === 'none') return WRONG_TOKEN
    const { kind, text } = credential
    return await (kind === 'ours' ? withOurs(text, asked) : withHerokus(text, asked))
  }
}

/** Refuses in the form in which Heroku’s API does, which its plugin reads: `{ id, message }`. */
export function refuse(reply: FastifyReply, { name, detail, retryAfterSeconds }: Refusal): FastifyReply {
  const status = statusOf(name)
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  if (status === 401) reply.header('www-authenticate', 'Basic realm="securekey"')
  return reply.status(status).send({ id: name, message: detail })
}
