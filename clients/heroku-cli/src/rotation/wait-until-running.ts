import { type App, type Resource, readResource } from '../answers/resource.ts'
import { ProblemError } from '../service/problem.ts'
import type { Service } from '../service/service.ts'
import type { Surroundings } from '../surroundings.ts'
import { listWords } from '../words/list.ts'

/** How long is waited, how often is looked, and who is told of each step. */
export type Waiting = { timeoutMs: number; intervalMs: number; tell: (status: string) => void }

/** In these states no rotation comes to its end before somebody has acted. */
const HOPELESS: readonly string[] = [
  'missing',
  'access-lost',
  'access-refused',
  'unreadable',
  'foreign',
  'stuck',
  'gone',
]
/** One look that fails says nothing; so many in a row do. */
const MOST_FAILURES = 5

/** Where a rotation stands: `waiting` says for what. */
export type Progress =
  | { state: 'running' }
  | { state: 'waiting'; words: string }
  | { state: 'hopeless'; words: string }

/**
 * Waits until no rotation is under way and every app carries the current key, and returns the add-on as it is then. Throws
 * a sentence for people once the time is over, or where nothing will happen by itself.
 */
export async function waitUntilRunning(
  service: Service,
  { timeoutMs, intervalMs, tell }: Waiting,
  { now, sleep }: Surroundings,
): Promise<Resource> {
  const deadline = now().getTime() + timeoutMs
  let failures = 0
  let words = ''
  let comeBackMs = 0
  for (;;) {
    const resource = await look()
    const progress = resource ? progressOf(resource) : { state: 'waiting' as const, words }
    if (resource && progress.state === 'running') return resource
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

  async function look(): Promise<Resource | undefined> {
    comeBackMs = 0
    try {
      const resource = readResource(await service.ask('GET', '/resource', { once: true }))
      failures = 0
      return resource
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

export function progressOf({
  health,
  rotation,
  apps,
}: Pick<Resource, 'health' | 'rotation' | 'apps'>): Progress {
  if (HOPELESS.includes(health.state))
    return { state: 'hopeless', words: `${health.heading}. ${health.advice}` }
  if (rotation) {
    const held = health.state === 'held-back' || health.state === 'failing' ? `: ${health.heading}` : ''
    return { state: 'waiting', words: `the rotation is under way${held}` }
  }
  if (apps === null) return { state: 'waiting', words: 'Heroku does not say which apps run the key' }
  const behind = [...new Set(apps.filter(isBehind).map(({ name }) => name))]
  if (behind.length === 0) return { state: 'running' }
  return {
    state: 'waiting',
    words: `${listWords(behind)} ${behind.length === 1 ? 'does' : 'do'} not run the new key yet`,
  }
}

/** Seen to run another key than the current one. Of an app that Heroku hides nobody can tell. */
export function isBehind({ adoption }: Pick<App, 'adoption'>): boolean {
  return adoption === 'previous' || adoption === 'not-yet'
}
