import { type LiveParts, liveRing } from './live-ring.ts'
import { type KeyringOptions, readOptions } from './options.ts'
import { readRing } from './read-ring.ts'
import { type CheckInFacts, createCheckIn } from './refresh/check-in.ts'
import { keyringSource } from './refresh/keyring-source.ts'
import { startRefresher } from './refresh/refresher.ts'
import { readRefresh } from './refresh/settings.ts'
import { type Keyring, signsNow } from './ring-facade.ts'

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
  const { ring } = liveRing(first, settings, (parts) => {
    if (!refresh) return undefined
    const { setTimer, random } = refresh
    const checkIn = createCheckIn(refresh, () => checkInFacts(parts, now()))
    return startRefresher(parts.held, {
      ...{ source: keyringSource(refresh), setTimer, random, now, checkIn, tell: parts.tell },
    })
  })
  return ring
}

function checkInFacts({ held, counts }: LiveParts, nowMs: number): CheckInFacts {
  const ring = held.ring()
  const signing = signsNow(ring, nowMs)
  const version = ring.keys.find(({ key }) => key === signing)?.version
  return { signsWith: signing.kid, version, counts: counts.byKid() }
}
