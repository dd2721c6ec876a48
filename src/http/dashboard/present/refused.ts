import { changedGraceEnd, type GracePeriod, graceEndsAt } from '../../../domain/grace.ts'
import { lifeEndsAt, theEarlier, theLater } from '../../../domain/old-key-end.ts'
import { isPaused } from '../../../domain/pause.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import type { KeyLife } from '../../../flows/key-lives.ts'
import { type Moment, momentOf, precisionOf } from './time-words.ts'

/**
 * A key whose signatures a press ends, and from when on an app that reads `SECURE_KEY` refuses them. `from` is null where a
 * pause without an end is in the way: no old key leaves while it is on.
 */
export type Refused = { fingerprint: string; from: Moment | null }

/**
 * What "rotate now" ends: at once what the old key in the second place signed, later what the current one did. Where a life is
 * stated, the old key goes to the keyring and is accepted there (`kept`).
 */
export function refusedByRotating(overview: Overview): {
  now: Refused | null
  later: Refused | null
  kept: boolean
} {
  const { keys, grace, now, periodMs, tokenLifeMs } = overview
  const current = keys.find(({ stage }) => stage === 'current')
  const old = oldKey(overview)
  const pausedMs = pausedForMs(overview)
  // The period counts anew from the press, and does not run during a pause.
  const next = new Date(now.getTime() + periodMs + (pausedMs ?? 0))
  const ends = theEarlier(notBefore(graceEndsAt(grace, now, next), now, pausedMs ?? 0), next)
  const end = tokenLifeMs === null ? ends : theLater(ends, lifeEndsAt(tokenLifeMs, now))
  const kept = tokenLifeMs !== null && old?.graceEndsAt ? theLater(old.graceEndsAt, now) : null
  return {
    now: old ? refused(old, kept ?? now, overview) : null,
    later: current ? refused(current, pausedMs === null ? null : end, overview) : null,
    kept: kept !== null,
  }
}

/** What a revoke ends: what was signed with any key that there is. Nobody signs with a filler. */
export function refusedByRevoking(overview: Overview): string[] {
  return overview.keys
    .filter(({ stage, filler, revokedAt }) => stage !== 'retired' && !filler && revokedAt === null)
    .map(({ fingerprint }) => fingerprint)
}

/** What another grace period ends: from when on signatures of the old key in the second place are refused. */
export function refusedByGrace(overview: Overview, grace: GracePeriod): Refused | null {
  const old = oldKey(overview)
  const { keys, now, graceFloorMs, tokenLifeMs } = overview
  const publishedAt = keys.find(({ stage }) => stage === 'current')?.publishedAt
  if (!old?.graceEndsAt || !publishedAt) return null
  const pausedMs = pausedForMs(overview)
  if (pausedMs === null) return refused(old, null, overview)
  // What is due goes as soon as that is possible.
  const next = notBefore(overview.nextRotationAt, now)
  const earliest = new Date(now.getTime() + graceFloorMs)
  const key = { until: old.graceEndsAt, publishedAt, nextRotationAt: next }
  const end = notBefore(changedGraceEnd(grace, key, earliest), now, pausedMs)
  const refusedFrom = theEarlier(end, next)
  if (tokenLifeMs === null) return refused(old, refusedFrom, overview)
  return refused(old, theLater(refusedFrom, lifeEndsAt(tokenLifeMs, publishedAt)), overview)
}

/** How long the pause that is on goes on; zero without one, null where it has no end. */
function pausedForMs({ pause, now }: Overview): number | null {
  if (!pause || !isPaused(pause, now)) return 0
  return pause.until && pause.until.getTime() - now.getTime()
}

function notBefore(date: Date, now: Date, ms = 0): Date {
  return new Date(Math.max(date.getTime(), now.getTime() + ms))
}

function oldKey({ keys, second }: Overview): KeyLife | undefined {
  return keys.find(({ version, filler, revokedAt }) => version === second && !filler && revokedAt === null)
}

function refused({ fingerprint }: KeyLife, from: Date | null, overview: Overview): Refused {
  return { fingerprint, from: from && momentOf(from, overview.now, precisionOf(overview)) }
}
