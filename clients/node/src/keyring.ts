import { createEvents } from './events.ts'
import { createHeldRing, type HeldRing } from './held-ring.ts'
import { type KeyringOptions, readOptions } from './options.ts'
import { readRing } from './read-ring.ts'
import { startRefresher } from './refresh/refresher.ts'
import { readRefresh } from './refresh/settings.ts'
import { warningOf } from './refresh/warnings.ts'
import { type Keyring, reasonOf, ringFacade, signsNow } from './ring-facade.ts'
import { createStaleWatch } from './stale-watch.ts'
import { createStats } from './stats.ts'
import { surroundings } from './surroundings.ts'

/**
 * Reads the keys of the app. Throws a `SecureKeyError` if `SECURE_KEY` is not two keys: an app must not start with keys that
 * sign nothing. A keyring that is missing or wrong is ignored, with one warning. With `refresh` it asks the service for newer
 * ones for as long as the process lives; without, it reads them once.
 */
export function keyring(options?: KeyringOptions): Keyring {
  const settings = readOptions(options)
  const { now } = settings
  const first = readRing(settings)
  const refresh = readRefresh(settings.refresh, settings.variable, settings.env)
  const counts = createStats(kidsOf(first.keys))
  const events = createEvents()
  const held = createHeldRing(first, settings, surroundings.randomBytes, () => {
    const ring = held.ring()
    counts.follow(kidsOf(ring.keys))
    events.tell('change', { kid: signsNow(ring, now()).kid, reason: reasonOf(ring) })
  })
  const refresher =
    refresh &&
    startRefresher(refresh, held, {
      now,
      checkInFacts: () => checkInFacts(held, now(), counts),
      tell: (telling) => {
        settings.onWarning(telling.warning, warningOf(telling))
        if (telling.warning === 'refresh-stopped') events.tell('stopped', { code: telling.code })
      },
    })
  const isStale = createStaleWatch(settings.onStale)
  return ringFacade(held, {
    now,
    counts,
    unknownKid: (kid, nowMs) => {
      isStale(kid, nowMs)
      refresher?.askEarly()
    },
    stats: () => ({ ...counts.read(), refresh: refresher?.stats() }),
    ready: () => refresher?.ready ?? Promise.resolve(),
    on: events.on,
    close: () => refresher?.close(),
  })
}

function checkInFacts(held: HeldRing, nowMs: number, counts: ReturnType<typeof createStats>) {
  const ring = held.ring()
  const signing = signsNow(ring, nowMs)
  const version = ring.keys.find(({ key }) => key === signing)?.version
  return { signsWith: signing.kid, version, counts: counts.byKid() }
}

function kidsOf(keys: readonly { key: { kid: string } }[]): string[] {
  return keys.map(({ key }) => key.kid)
}
