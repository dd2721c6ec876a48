import type { Surroundings } from '../surroundings.ts'
import type { ServiceAnswer } from './request.ts'

const MOST_TRIES = 4
/** Who is told to come back later than that is told so instead. */
const LONGEST_WAIT_MS = 60_000
const SHORTEST_WAIT_MS = 1_000

/**
 * Asks again where the answer says when to come back, three times at the most and within a minute each. Any other answer,
 * and the last one, is returned as it is.
 */
export async function askPatiently(
  ask: () => Promise<ServiceAnswer>,
  { sleep, now }: Pick<Surroundings, 'sleep' | 'now'>,
): Promise<ServiceAnswer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask()
    const waitMs = waitOf(answer, now())
    if (waitMs === undefined || waitMs > LONGEST_WAIT_MS || tries === MOST_TRIES) return answer
    await sleep(waitMs)
  }
}

/** For how long a 429 or 503 asks to wait; undefined where it does not say. */
export function waitOf({ status, retryAfter }: ServiceAnswer, now: Date): number | undefined {
  if ((status !== 429 && status !== 503) || retryAfter === null) return undefined
  const ms = /^\d{1,9}$/.test(retryAfter.trim())
    ? Number(retryAfter) * 1_000
    : new Date(retryAfter).getTime() - now.getTime()
  return Number.isNaN(ms) ? undefined : Math.max(ms, SHORTEST_WAIT_MS)
}
