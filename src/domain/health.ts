import { type FoundHealth, type HealthFacts, healthStateOf } from './health-state.ts'
import { type HealthWords, healthWords } from './health-words.ts'

/** How an add-on is doing, and what that means to its customer and to an operator. */
export type Health = FoundHealth & HealthWords

/** One state of health from all that is known, for pages, commands and whoever else tells of it. */
export function healthOf(facts: HealthFacts, now: Date): Health {
  const found = healthStateOf(facts, now)
  return { ...found, ...healthWords(found.state, facts) }
}
