import { isPaused } from '../../domain/pause.ts'
import type { KeyLife } from '../key-lives.ts'
import type { Overview } from './overview.ts'

/**
 * Until when an old key is accepted. With a grace period that lasts until the next rotation, the key in the config
 * var is accepted until then even if that date has moved; null when there is no such date, because of a pause.
 */
export function acceptedUntil(key: KeyLife, overview: Overview): Date | null {
  const { grace, nextRotationAt, pause, now, second } = overview
  if (grace.until === 'elapsed' || second !== key.version) return key.graceEndsAt
  if (isPaused(pause, now) && pause?.until === null) return null
  return new Date(Math.max(nextRotationAt.getTime(), key.graceEndsAt?.getTime() ?? 0))
}
