import type { Point } from './mortal-process.ts'

/**
 * One point for every state in which a process can leave things: before it changes anything, and after each change of the
 * database or of Heroku. From one change to the next it only reads, so it makes no difference where it dies between them.
 * `KILL_POINTS=all` tries every point.
 */
export function worthDying(points: readonly Point[]): Point[] {
  if (process.env.KILL_POINTS === 'all') return [...points]
  return points.filter(({ changed }, index) => index === 0 || changed)
}
