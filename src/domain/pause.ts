/** Scheduled rotations are held back since `at`, until a date or until somebody resumes them. */
export type Pause = { at: Date; until: Date | null; reason: string }

/** Ten years, like the longest duration: whoever means longer sets no end. Dates stay such as a keyring may hold. */
const LONGEST_PAUSE_MS = 3_650 * 86_400_000

/** Whether a pause may end then. */
export function isPauseEnd(until: Date, now: Date): boolean {
  return until > now && until.getTime() - now.getTime() <= LONGEST_PAUSE_MS
}

/** Whether the pause is on. One whose end has passed is over by itself. */
export function isPaused(pause: Pause | null, now: Date): boolean {
  return pause !== null && (pause.until === null || pause.until > now)
}

/** The due date to write down when a pause begins: a known end is counted in at once, so that nobody has to end it. */
export function nextRotationWhenPaused(nextRotationAt: Date, pause: Pause): Date {
  return shifted(nextRotationAt, pause.until === null ? 0 : pause.until.getTime() - pause.at.getTime())
}

/** The due date when a pause is ended at `now`: the time that was left when it began is left again. */
export function nextRotationWhenResumed(nextRotationAt: Date, pause: Pause, now: Date): Date {
  if (!isPaused(pause, now)) return nextRotationAt
  const sinceMs = (pause.until ?? pause.at).getTime()
  return shifted(nextRotationAt, now.getTime() - sinceMs)
}

/** Time to the next rotation from the moment at which the pause ends. It does not run while the pause is on. */
export function timeLeftMs(nextRotationAt: Date, pause: Pause): number {
  return Math.max(0, nextRotationAt.getTime() - (pause.until ?? pause.at).getTime())
}

function shifted(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms)
}
