import type { TargetHealth } from '../answers/notices.ts'
import { momentWords } from '../words/moment.ts'

/** Whether notices reach a target, and why not. */
export function targetWords(target: TargetHealth | null, now: Date): string {
  if (!target) return 'off'
  const { failingSince, lastFailure, givenUpAt } = target
  if (lastFailure === null) return 'on'
  if (failingSince) return `on, nothing arrives since ${momentWords(failingSince, now)}: ${lastFailure}`
  return givenUpAt ? `on, given up ${momentWords(givenUpAt, now)}: ${lastFailure}` : `on: ${lastFailure}`
}
