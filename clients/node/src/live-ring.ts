import { createEvents } from './events.ts'
import { createHeldRing, type HeldRing } from './held-ring.ts'
import type { Settings } from './options.ts'
import type { Telling } from './refresh/progress.ts'
import type { Refresher } from './refresh/refresher.ts'
import { warningOf } from './refresh/warnings.ts'
import type { Ring } from './ring.ts'
import { type Keyring, reasonOf, ringFacade, signsNow } from './ring-facade.ts'
import { createStaleWatch } from './stale-watch.ts'
import { createStats } from './stats.ts'
import { surroundings } from './surroundings.ts'

/** What a refresher is given of the ring that it keeps. */
export type LiveParts = {
  held: HeldRing
  counts: ReturnType<typeof createStats>
  tell: (telling: Telling) => void
}

export type LiveSettings = Pick<Settings, 'now' | 'settleS' | 'maxLifeS' | 'onWarning' | 'onStale'>

/** A ring that begins with these keys. `start` may keep them current; undefined: they stay what they are. */
export function liveRing(
  first: Ring,
  settings: LiveSettings,
  start: (parts: LiveParts) => Refresher | undefined,
): { ring: Keyring; refresher: Refresher | undefined } {
  const { now, onWarning } = settings
  const counts = createStats(kidsOf(first))
  const events = createEvents()
  const held = createHeldRing(first, settings, surroundings.randomBytes, () => {
    const ring = held.ring()
    counts.follow(kidsOf(ring))
    events.tell('change', { kid: signsNow(ring, now()).kid, reason: reasonOf(ring) })
  })
  const tell = (telling: Telling) => {
    onWarning(telling.warning, warningOf(telling))
    if (telling.warning === 'refresh-stopped') events.tell('stopped', { code: telling.code })
  }
  const refresher = start({ held, counts, tell })
  const tellStale = createStaleWatch(settings.onStale)
  const ring = ringFacade(held, {
    now,
    counts,
    unknownKid: (kid, nowMs) => {
      tellStale(kid, nowMs)
      refresher?.askEarly()
    },
    stats: () => ({ ...counts.read(), refresh: refresher?.stats() }),
    ready: () => refresher?.ready ?? Promise.resolve(),
    on: events.on,
    close: () => refresher?.close(),
  })
  return { ring, refresher }
}

function kidsOf({ keys }: Ring): string[] {
  return keys.map(({ key }) => key.kid)
}
