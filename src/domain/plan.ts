import { cleanText } from './clean-text.ts'
import { parseDuration } from './duration.ts'
import { SecurekeyError } from './errors.ts'

/** A plan of the add-on, by the slug that Heroku sends, and how often it rotates. */
export type Plan = { name: string; periodMs: number }

/**
 * Reads `PLAN_PERIODS`, for example `weekly=7d,fortnightly=14d`. Every problem found is a sentence in `problems`; it
 * tells where the entry stands and does not quote it.
 */
export function parsePlans(text: string): { plans: Plan[]; problems: string[] } {
  const plans: Plan[] = []
  const problems: string[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const place = `entry ${index + 1}`
    const [name = '', duration = '', ...rest] = entry.split('=').map((part) => part.trim())
    const periodMs = parseDuration(duration)
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name) || periodMs === undefined || rest.length > 0) {
      problems.push(`${place} is not a plan: write name=duration, for example fortnightly=14d`)
    } else if (plans.some((plan) => plan.name === name)) {
      problems.push(`${place} names a plan that stood before`)
    } else {
      plans.push({ name, periodMs })
    }
  }
  return { plans, problems }
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
