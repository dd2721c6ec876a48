import { type App, type Resource, readResource } from '../answers/resource.ts'
import type { Service } from '../service/service.ts'
import { type Progress, type Waiting, waitUntil } from '../service/wait-until.ts'
import type { Surroundings } from '../surroundings.ts'
import { listWords } from '../words/list.ts'

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

/**
 * Waits until no rotation is under way and every app carries the current key, and returns the add-on as it is then. Throws
 * a sentence for people once the time is over, or where nothing will happen by itself.
 */
export async function waitUntilRunning(
  service: Service,
  waiting: Waiting,
  surroundings: Surroundings,
): Promise<Resource> {
  const look = async () => readResource(await service.ask('GET', '/resource', { once: true }))
  return await waitUntil(look, progressOf, waiting, surroundings)
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
  if (behind.length === 0) return { state: 'done' }
  return {
    state: 'waiting',
    words: `${listWords(behind)} ${behind.length === 1 ? 'does' : 'do'} not run the new key yet`,
  }
}

/** Seen to run another key than the current one. Of an app that Heroku hides nobody can tell. */
export function isBehind({ adoption }: Pick<App, 'adoption'>): boolean {
  return adoption === 'previous' || adoption === 'not-yet'
}
