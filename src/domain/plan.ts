import { cleanText } from './clean-text.ts'
import { parseDuration } from './duration.ts'
import { SecurekeyError } from './errors.ts'

/**
 * A plan of the add-on, by the slug that Heroku sends, and how often it rotates. A plan for one of Heroku's spaces takes a
 * customer's own encryption key.
 */
export type Plan = { name: string; periodMs: number; space?: PlanSpace }
/** Private Spaces, and Shield Private Spaces. */
export type PlanSpace = (typeof SPACES)[number]
const SPACES = ['private', 'shield'] as const

/**
 * Reads `PLAN_PERIODS`, for example `weekly=7d,private-fortnightly=14d:private`. A plan whose name begins with `private-` or
 * `shield-`, as Heroku's own do, need not say it again. Every problem found is a sentence in `problems`; it
 * tells where the entry stands and does not quote it.
 */
export function parsePlans(text: string): { plans: Plan[]; problems: string[] } {
  const plans: Plan[] = []
  const problems: string[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const place = `entry ${index + 1}`
    const [name = '', value = '', ...rest] = entry.split('=').map((part) => part.trim())
    const [duration = '', said, ...more] = value.split(':').map((part) => part.trim())
    const periodMs = parseDuration(duration)
    const space = spaceOf(said ?? name.split('-')[0])
    const isWrong = rest.length > 0 || more.length > 0 || (said !== undefined && !space)
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name) || periodMs === undefined || isWrong) {
      problems.push(`${place} is not a plan: write name=duration, for example fortnightly=14d`)
    } else if (plans.some((plan) => plan.name === name)) {
      problems.push(`${place} names a plan that stood before`)
    } else {
      plans.push({ name, periodMs, ...(space && { space }) })
    }
  }
  return { plans, problems }
}

function spaceOf(word: string | undefined): PlanSpace | undefined {
  return SPACES.find((space) => space === word)
}

/** The plan of that slug, or undefined when this service does not offer it. */
export function findPlan(plans: readonly Plan[], name: string): Plan | undefined {
  return plans.find((plan) => plan.name === name)
}

/** The refusal of a plan that this service does not offer, naming those that it does. */
export function unknownPlan(plans: readonly Plan[], name: string): SecurekeyError {
  const offered = plans.map((plan) => plan.name).join(', ')
  return new SecurekeyError(
    'unknown-plan',
    `There is no plan "${cleanText(name, 60)}". Choose one of: ${offered}.`,
  )
}
