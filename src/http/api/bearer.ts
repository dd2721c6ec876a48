import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TokenActor } from '../../domain/actor.ts'
import type { Scope } from '../../domain/api-token.ts'
import type { Deps } from '../../flows/deps.ts'
import { useToken } from '../../flows/tokens/use-token.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import { limitOf, sendTooMany, tell, tellLimit } from './limits.ts'
import { sendProblem } from './problems.ts'

/** The program that asks: for which resource its token speaks, and how the history names it. */
export type Caller = { resourceId: string; actor: TokenActor; scopes: readonly Scope[] }

/** Who asks, and what stands in front of a route. */
export type Bearer = {
  /** The program that was let in. */
  callerOf: (request: FastifyRequest) => Caller
  /** Lets in whoever has one of these scopes. */
  allow: (...scopes: Scope[]) => (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
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
export async function registerBearer(app: FastifyInstance, deps: Deps): Promise<Bearer> {
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
    keyGenerator: (request) => `token ${callerOf(request).actor.id}`,
  })

  function callerOf(request: FastifyRequest): Caller {
    const caller = callers.get(request)
    if (!caller) throw new Error('no token was asked for')
    return caller
  }

  app.addHook('onRequest', async (request, reply) => {
    const text = bearerOf(request)
    const found = await useToken(deps, text)
    if (found.outcome === 'none') {
      const limit = tell(reply, await wrongOfAddress(request))
      const sentOne = request.headers.authorization !== undefined
      if (limit.isOver) {
        logSecurityRefusal(request, 'too-many-requests')
        return sendTooMany(reply, limit)
      }
      if (found.because === 'forged') logSecurityRefusal(request, 'forged-token')
      else if (sentOne) logSecurityRefusal(request, 'wrong-token', { problem: found.because })
      return sendProblem(reply, 'unauthenticated')
    }
    const { id, name, resourceId, scopes } = found.token
    const actor = { type: 'token', id, name, address: addressOf(request) } as const
    callers.set(request, { resourceId, actor, scopes })
    const limit = tell(reply, await ofToken(request))
    if (limit.isOver) return sendTooMany(reply, limit)
    if (found.outcome === 'gone') return sendProblem(reply, 'resource-gone')
    return undefined
  })

  return {
    callerOf,
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
        keyGenerator: (request) => `hour ${request.routeOptions.url} ${callerOf(request).actor.id}`,
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
