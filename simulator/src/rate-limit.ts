import { HerokuError } from './heroku-error.ts'
import type { Settings } from './options.ts'

export type RateLimit = {
  /** Takes one request from the budget, or throws 429 with the seconds to wait. Answers what is left. */
  take: (holder: string) => number
  /** What is left, without taking anything. */
  remaining: (holder: string) => number
}

/** Sums of refills are not exact; a request that is due must not fail by the last binary digit. */
const ROUNDING = 1e-6

/** A budget of requests per hour that refills continuously (Limits): 4,500 are about 75 a minute. */
export function createRateLimit(settings: Settings, now: () => Date): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>()
  const size = settings.rateLimitPerHour
  const perMs = size / 3_600_000
  const bucketOf = (holder: string) => {
    const key = settings.rateLimitScope === 'partner' ? 'partner' : holder
    const at = now().getTime()
    const bucket = buckets.get(key) ?? { left: size, at }
    // A clock set back must not take requests away.
    bucket.left = Math.min(size, bucket.left + Math.max(0, at - bucket.at) * perMs)
    bucket.at = at
    buckets.set(key, bucket)
    return bucket
  }
  return {
    take: (holder) => {
      const bucket = bucketOf(holder)
      if (bucket.left < 1 - ROUNDING) {
        const retryAfter = Math.ceil((1 - bucket.left - ROUNDING) / perMs / 1000)
        throw new HerokuError(429, 'rate_limit', 'Your account reached the API rate limit.', { retryAfter })
      }
      bucket.left = Math.max(0, bucket.left - 1)
      return Math.floor(bucket.left)
    },
    remaining: (holder) => Math.floor(bucketOf(holder).left + ROUNDING),
  }
}
