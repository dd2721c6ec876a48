import type { FastifyInstance, FastifyReply } from 'fastify'
import { sendProblem } from './problems.ts'

/** Of a body of JSON. The largest names as many AWS accounts as a private link lets in, by the longest names. */
export const BODY_LIMIT_BYTES = 8_192

/** How near somebody is to a limit. */
export type Limit = { isOver: boolean; max: number; remaining: number; resetSeconds: number }
type Found = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>

/** Tells a limit in headers, and returns it. */
export function tell(reply: FastifyReply, found: Found): Limit {
  const limit = limitOf(found)
  tellLimit(reply, limit)
  return limit
}

export function limitOf(found: Found): Limit {
  if (found.isAllowed) return { isOver: false, max: 0, remaining: 0, resetSeconds: 0 }
  const { isExceeded, max, remaining, ttlInSeconds } = found
  return { isOver: isExceeded, max, remaining, resetSeconds: Math.max(1, ttlInSeconds) }
}

/** The fields of the IETF's draft (draft-ietf-httpapi-ratelimit-headers), as most clients read them. */
export function tellLimit(reply: FastifyReply, { max, remaining, resetSeconds }: Limit): FastifyReply {
  return reply.headers({
    'ratelimit-limit': String(max),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  })
}

/** Refuses what is beyond a limit, and says when to come back. */
export function sendTooMany(reply: FastifyReply, { resetSeconds }: Limit): FastifyReply {
  return sendProblem(reply, 'too-many-requests', { retryAfterSeconds: resetSeconds })
}
