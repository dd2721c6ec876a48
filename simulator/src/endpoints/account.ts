import { type Endpoint, ok } from '../endpoint.ts'
import type { Heroku } from '../heroku.ts'
import { userOf } from '../users.ts'

/** The caller's account: what the CLI asks for, and the rate limit, which does not count against itself. */
export function accountEndpoints(heroku: Heroku): Endpoint[] {
  return [
    {
      method: 'GET',
      url: '/account/rate-limits',
      access: 'either',
      counted: false,
      answer: ({ caller }) => {
        const { settings, rateLimit } = heroku
        const remaining =
          caller.kind === 'partner' ? rateLimit.remaining(caller.addon.id) : settings.rateLimitPerHour
        return ok({ remaining })
      },
    },
    {
      method: 'GET',
      url: '/account',
      access: 'customer',
      answer: ({ caller }) => {
        const { id, email } = userOf(heroku, caller)
        const since = '2026-01-01T00:00:00Z'
        return ok({
          id,
          email,
          name: null,
          beta: false,
          verified: true,
          created_at: since,
          updated_at: since,
        })
      },
    },
  ]
}
