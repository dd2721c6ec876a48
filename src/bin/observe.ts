import type { AuditEvent } from '../domain/audit.ts'
import { isPaused } from '../domain/pause.ts'
import { listAuditEvents } from '../store/audit-events.ts'
import { openDatabase } from '../store/database.ts'
import { allKeysOf } from '../store/key-versions.ts'
import { findResource } from '../store/resources.ts'
import { findSchedule } from '../store/schedule.ts'

export { ADDON, type Config as Settings, readConfig as readSettings } from '../config.ts'
export type { Actor, AuditEvent as ServiceEvent } from '../domain/audit.ts'

/**
 * What can be seen of a running service by looking into its database: all that the local stack knows of it. It speaks
 * of events, dates and keys, so that a change of the tables ends here.
 */
export type Observer = {
  /** What happened to a resource after the cursor, oldest first; without a cursor from the beginning. */
  eventsSince: (
    resourceId: string,
    cursor: string | undefined,
  ) => Promise<{ events: AuditEvent[]; cursor: string | undefined }>
  nextRotation: (resourceId: string, now: Date) => Promise<NextRotation | undefined>
  isProvisioned: (resourceId: string) => Promise<boolean>
  keysOf: (resourceId: string) => Promise<KeysSeen>
  close: () => Promise<void>
}

/** `pause` only while it is on; `until: null` is until somebody resumes the rotations. */
export type NextRotation = { nextRotationAt: Date; pause: { until: Date | null } | null }

/**
 * Keys by fingerprint: the one that signs, and the others that the service accepts. `stored` counts every key of which
 * something secret is left, so that an erased one is seen to be gone.
 */
export type KeysSeen = { signs: string | undefined; others: string[]; stored: number }

/** More events than this in one look would be a flood: the oldest of them are left out. */
const MOST_EVENTS = 50
const POOL_SIZE = 2

/** Opens a look into the service's database; nothing is ever written. */
export function observeService(databaseUrl: string): Observer {
  const db = openDatabase({ url: databaseUrl, poolSize: POOL_SIZE, onIdleError: () => {} })
  return {
    async eventsSince(resourceId, cursor) {
      const rows = await listAuditEvents(db, resourceId, { limit: MOST_EVENTS })
      const fresh = rows.filter((row) => cursor === undefined || BigInt(row.id) > BigInt(cursor))
      return { events: fresh.toReversed(), cursor: rows[0]?.id ?? cursor }
    },
    async nextRotation(resourceId, now) {
      const schedule = await findSchedule(db, resourceId)
      if (!schedule) return undefined
      const { nextRotationAt, pause } = schedule
      return { nextRotationAt, pause: isPaused(pause, now) ? pause : null }
    },
    async isProvisioned(resourceId) {
      return (await findResource(db, resourceId))?.state === 'provisioned'
    },
    async keysOf(resourceId) {
      const keys = await allKeysOf(db, resourceId)
      const live = keys.filter(({ stage }) => stage !== 'retired')
      return {
        signs: live.find(({ stage }) => stage === 'current')?.fingerprint,
        others: live.filter(({ stage }) => stage !== 'current').map((key) => key.fingerprint),
        stored: keys.filter(({ sealedKey, digest }) => sealedKey !== null || digest !== null).length,
      }
    },
    close: () => db.destroy(),
  }
}
