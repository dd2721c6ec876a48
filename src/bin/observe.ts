import type { HistoryEvent } from '../domain/history.ts'
import { fingerprintOf } from '../domain/key.ts'
import type { OwnKeyState } from '../domain/own-key-watch.ts'
import { isPaused } from '../domain/pause.ts'
import { openDatabase } from '../store/database.ts'
import { listHistory } from '../store/history.ts'
import { findState } from '../store/keysets.ts'
import { findResource } from '../store/resources.ts'
import { findKeys } from '../store/sealed-keys.ts'

export { ADDON, type Config as Settings, readConfig as readSettings } from '../config.ts'
export type { Actor } from '../domain/actor.ts'

/** Something that happened to a resource. */
export type ServiceEvent = HistoryEvent & { resourceId: string }

/**
 * What can be seen of a running service by looking into its database: all that the local stack knows of it. It speaks
 * of events, dates and keys, so that a change of the tables ends here.
 */
export type Observer = {
  /** What happened to a resource after the cursor, oldest first; without a cursor from the beginning. */
  eventsSince: (
    resourceId: string,
    cursor: number | undefined,
  ) => Promise<{ events: ServiceEvent[]; cursor: number | undefined }>
  nextRotation: (resourceId: string, now: Date) => Promise<NextRotation | undefined>
  isProvisioned: (resourceId: string) => Promise<boolean>
  keysOf: (resourceId: string) => Promise<KeysSeen>
  /** The customer's own key that protects what is stored of it, and where that stands. */
  ownKeyOf: (resourceId: string) => Promise<{ arn: string; state: OwnKeyState } | undefined>
  close: () => Promise<void>
}

/** `pause` only while it is on; `until: null` is until somebody resumes the rotations. */
export type NextRotation = { nextRotationAt: Date; pause: { until: Date | null } | null }

/**
 * Keys by fingerprint: the one that signs, and the others that are stored. `stored` counts all of them, so that an erased
 * one is seen to be gone.
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
      const rows = await listHistory(db, resourceId, { limit: MOST_EVENTS })
      const fresh = rows.filter(({ seq }) => cursor === undefined || seq > cursor)
      return {
        events: fresh.toReversed().map((row) => ({ ...row, resourceId })),
        cursor: rows[0]?.seq ?? cursor,
      }
    },
    async nextRotation(resourceId, now) {
      const stored = await findState(db, resourceId)
      if (!stored) return undefined
      const { nextRotationAt, pause } = stored.state
      return { nextRotationAt, pause: isPaused(pause, now) ? pause : null }
    },
    async isProvisioned(resourceId) {
      return (await findResource(db, resourceId))?.state === 'provisioned'
    },
    async keysOf(resourceId) {
      const current = (await findState(db, resourceId))?.state.keyset.current
      const keys = await findKeys(db, resourceId)
      const prints = (live: typeof keys) => live.map(({ digest }) => fingerprintOf(digest))
      const [signs] = prints(keys.filter(({ version }) => version === current))
      const others = prints(keys.filter(({ version }) => version !== current))
      return { signs, others, stored: keys.length }
    },
    async ownKeyOf(resourceId) {
      const dek = (await findResource(db, resourceId))?.dek
      return dek?.ownKey ? { arn: dek.kekId, state: dek.ownKey } : undefined
    },
    close: () => db.destroy(),
  }
}
