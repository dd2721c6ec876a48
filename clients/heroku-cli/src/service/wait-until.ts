import type { Surroundings } from '../surroundings.ts'
import { ProblemError } from './problem.ts'

/** How long is waited, how often is looked, and who is told of each step. */
export type Waiting = { timeoutMs: number; intervalMs: number; tell: (status: string) => void }

/** Where something stands: `waiting` says for what, `hopeless` why it never comes. */
export type Progress =
  | { state: 'done' }
  | { state: 'waiting'; words: string }
  | { state: 'hopeless'; words: string }

/** One look that fails says nothing; so many in a row do. */
const MOST_FAILURES = 5

/**
 * Looks again and again until what is seen is done, and returns it. Throws a sentence for people once the time is over, or
 * where nothing will happen by itself. `look` sends its request once: this waits on its own.
 */
export async function waitUntil<T>(
  look: () => Promise<T>,
  progressOf: (seen: T) => Progress,
  { timeoutMs, intervalMs, tell }: Waiting,
  { now, sleep }: Surroundings,
): Promise<T> {
  const deadline = now().getTime() + timeoutMs
  let failures = 0
  let words = ''
  let comeBackMs = 0
  for (;;) {
    const seen = await tryToLook()
    const progress = seen ? progressOf(seen.seen) : { state: 'waiting' as const, words }
    if (seen && progress.state === 'done') return seen.seen
    if (progress.state === 'hopeless') throw new Error(progress.words)
    if (progress.state === 'waiting' && progress.words !== words) {
      words = progress.words
      tell(words)
    }
    const leftMs = deadline - now().getTime()
    if (leftMs <= 0)
      throw new Error(`The time is over, and this is still so: ${words || 'nothing could be seen'}.`)
    await sleep(Math.min(Math.max(intervalMs, comeBackMs), leftMs))
  }

  async function tryToLook(): Promise<{ seen: T } | undefined> {
    comeBackMs = 0
    try {
      const seen = await look()
      failures = 0
      return { seen }
    } catch (error) {
      failures += 1
      // What is refused for good is refused the next time too.
      const refused = error instanceof ProblemError && error.status < 500 && error.status !== 429
      if (refused || failures > MOST_FAILURES) throw error
      if (error instanceof ProblemError) comeBackMs = error.waitMs ?? 0
      return undefined
    }
  }
}
