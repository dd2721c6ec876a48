import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Person } from '../../domain/actor.ts'
import type { Scope } from '../../domain/api-token.ts'
import type { Deps } from '../../flows/deps.ts'
import { boundTo, noteCaller, refuseAtEndpoint } from '../private/binding.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import { limitOf, sendTooMany, tell, tellLimit } from './limits.ts'
import { sendProblem } from './problems.ts'
import { type Caller, whoAsks } from './who-asks.ts'

/** A person who signed on by the command line. `session`: the digest of the id of what the sign-on made. */
export type PersonCaller = { resourceId: string; actor: Person; session: Buffer }

/** Who asks, and what stands in front of a route. */
export type Bearer = {
  /** Who was let in: a program, or a person by the command line. */
  callerOf: (request: FastifyRequest) => Caller
  /** The person whom `allowPerson` has let in. */
  personOf: (request: FastifyRequest) => PersonCaller
  /** Lets in whoever has one of these scopes. */
  allow: (...scopes: Scope[]) => (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
  /** Lets in a person who signed on by the command line, and no token: what a token may do is for a person to say. */
  allowPerson: () => (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
  /** Lets each token through so often in an hour. */
  atMost: (perHour: number) => (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}

export const PER_TOKEN_AND_MINUTE = 120
/** Of one kind. Each writes history, and most restart apps by calls to Heroku, of which all add-ons share a budget. */
export const CHANGES_PER_HOUR = 120
/**
 * From an address without a right token. A right one is never refused for what others send: many programs share an address,
 * and 256 bits are not guessed.
 */
export const WRONG_PER_ADDRESS_AND_MINUTE = 60
export const MINUTE_MS = 60_000
export const COUNTED = 10_000
const BEARER = /^Bearer +([\w-]{1,200}) *$/i

/**
 * Asks a token of every request of this scope, before its body is read and before anything is looked up: whatever is
 * wrong with a token, the answer is the same, and nobody learns which add-ons there are. Tells the limits in headers.
 */
export async function registerBearer(
  app: FastifyInstance,
  deps: Deps,
  { userSignOn }: { userSignOn: boolean },
): Promise<Bearer> {
  const callers = new WeakMap<FastifyRequest, Caller>()
  await app.register(rateLimit, { global: false, cache: COUNTED })
  const wrongOfAddress = app.createRateLimit({
    max: WRONG_PER_ADDRESS_AND_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `wrong ${addressOf(request)}`,
  })
  const ofToken = app.createRateLimit({
    max: PER_TOKEN_AND_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `token ${callerOf(request).id}`,
  })

  function callerOf(request: FastifyRequest): Caller {
    const caller = callers.get(request)
    if (!caller) throw new Error('no token was asked for')
    return caller
  }

  app.addHook('onRequest', async (request, reply) => {
    const text = bearerOf(request)
    const found = await whoAsks(deps, text, {
      address: addressOf(request),
      userSignOn,
      boundTo: boundTo(request),
    })
    if (found.outcome === 'none') {
      const limit = tell(reply, await wrongOfAddress(request))
      const sentOne = request.headers.authorization !== undefined
      if (limit.isOver) {
        logSecurityRefusal(request, 'too-many-requests')
        return sendTooMany(reply, limit)
      }
      if (found.because === 'forged') logSecurityRefusal(request, 'forged-token')
      else if (sentOne) logSecurityRefusal(request, 'wrong-token', { problem: found.because })
      return refuseAtEndpoint(request, reply) ?? sendProblem(reply, 'unauthenticated')
    }
    callers.set(request, found.caller)
    noteCaller(request, found.caller.resourceId)
    const limit = tell(reply, await ofToken(request))
    if (limit.isOver) return sendTooMany(reply, limit)
    if (found.outcome === 'gone') return sendProblem(reply, 'resource-gone')
    return undefined
  })

  return {
    callerOf,
    personOf(request) {
      const { resourceId, actor, session } = callerOf(request)
      if (actor.type !== 'person' || !session) throw new Error('no person was asked for')
      return { resourceId, actor, session: session.digest }
    },
    allowPerson: () => async (request, reply) => {
      const { session, resourceId } = callerOf(request)
      if (session?.mayHandleKeys) return undefined
      logSecurityRefusal(request, session ? 'user-sign-on-required' : 'wrong-scope', { resourceId })
      const detail = session ? 'The sign-on named nobody.' : 'Sign on by the command line.'
      return sendProblem(reply, 'person-required', { detail })
    },
    allow:
      (...scopes) =>
      async (request, reply) => {
        const { scopes: held, resourceId } = callerOf(request)
        if (scopes.some((scope) => held.includes(scope))) return undefined
        logSecurityRefusal(request, 'wrong-scope', { resourceId })
        return sendProblem(reply, 'scope-missing', { detail: `It needs the scope ${scopes.join(' or ')}.` })
      },
    atMost(perHour) {
      const ofHour = app.createRateLimit({
        max: perHour,
        timeWindow: 60 * MINUTE_MS,
        keyGenerator: (request) => `hour ${request.routeOptions.url} ${callerOf(request).id}`,
      })
      return async (request, reply) => {
        const limit = limitOf(await ofHour(request))
        return limit.isOver ? sendTooMany(tellLimit(reply, limit), limit) : undefined
      }
    },
  }
}

/** The text that a request carries as `Authorization: Bearer`; empty where it carries none. */
export function bearerOf(request: FastifyRequest): string {
  return BEARER.exec(request.headers.authorization ?? '')?.[1] ?? ''
}
