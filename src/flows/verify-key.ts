import { requireOpen } from '../domain/own-key-closed.ts'
import { listHistory } from '../store/history.ts'
import { findState } from '../store/keysets.ts'
import { findKeys } from '../store/sealed-keys.ts'
import { liveResource } from './change-resource.ts'
import type { Deps } from './deps.ts'
import { KEY_EVENTS, type KeyLife, keyLives, type Stage } from './key-lives.ts'

/**
 * What a key is to a resource now. `pending` keys count as handed out, since an app may hold one already. A `next` key is
 * accepted though nobody signs with it yet.
 */
export type Verification = { outcome: KnownOutcome; version: number } | { outcome: 'unknown' }

type KnownOutcome = Stage | 'revoked'

/** A thousand rotations, each with a filler. */
const KEY_EVENTS_READ = 3_000

/** The same, with the dates of that key. */
export type DatedVerification =
  | { outcome: KnownOutcome; version: number; life: KeyLife }
  | { outcome: 'unknown' }

/**
 * Says what a key is, by the SHA-256 of its text or by the first eight digits of that, its fingerprint, in hex. Of an
 * erased key only the fingerprint is left to compare. One that has left the pair is retired at its end, erased or not.
 * Throws `unknown-resource` or `resource-gone`.
 */
export async function verifyKey(
  deps: Pick<Deps, 'db' | 'now'>,
  request: { resourceId: string; digest: string },
): Promise<Verification> {
  const found = await verifyWithDates(deps, request)
  return found.outcome === 'unknown' ? found : { outcome: found.outcome, version: found.version }
}

/** The same, and when the key was made, published, revoked and erased. Throws `unknown-resource` or `resource-gone`. */
export async function verifyWithDates(
  deps: Pick<Deps, 'db' | 'now'>,
  request: { resourceId: string; digest: string },
): Promise<DatedVerification> {
  const { resourceId } = request
  const digest = request.digest.toLowerCase()
  if (!/^[0-9a-f]{8}([0-9a-f]{56})?$/.test(digest)) return { outcome: 'unknown' }
  requireOpen((await liveResource(deps.db, resourceId)).dek)
  const state = (await findState(deps.db, resourceId))?.state
  const stored = await findKeys(deps.db, resourceId)
  const events = await listHistory(deps.db, resourceId, { limit: KEY_EVENTS_READ, kinds: KEY_EVENTS })
  const digests = new Map(stored.map((key) => [key.version, key.digest.toString('hex')]))
  const life = keyLives(state, stored, events).find(({ version, fingerprint }) => {
    return digests.get(version)?.startsWith(digest) ?? digest.startsWith(fingerprint)
  })
  if (!life) return { outcome: 'unknown' }
  if (life.revokedAt !== null) return { outcome: 'revoked', version: life.version, life }
  // Apps look at the end of a key that is no longer in the pair, and refuse it from then on, erased or not.
  const { until } = state?.keyset.older.find(({ version }) => version === life.version) ?? {}
  if (until !== undefined && until <= deps.now()) {
    return { outcome: 'retired', version: life.version, life: { ...life, stage: 'retired' } }
  }
  return { outcome: life.stage, version: life.version, life }
}
