import { listHistory } from '../store/history.ts'
import { findState } from '../store/keysets.ts'
import { findKeys } from '../store/sealed-keys.ts'
import { liveResource } from './change-resource.ts'
import type { Deps } from './deps.ts'
import { KEY_EVENTS, keyLives } from './key-lives.ts'

/**
 * What a key is to a resource now. `pending` keys count as handed out, since an app may hold one already. A `next` key is
 * accepted though nobody signs with it yet.
 */
export type Verification =
  | { outcome: 'current' | 'pending' | 'next' | 'previous' | 'revoked' | 'retired'; version: number }
  | { outcome: 'unknown' }

/** A thousand rotations, each with a filler. */
const KEY_EVENTS_READ = 3_000

/**
 * Says what a key is, by the SHA-256 of its text or by the first eight digits of that, its fingerprint, in hex. Of an
 * erased key only the fingerprint is left to compare. Throws `unknown-resource` or `resource-gone`.
 */
export async function verifyKey(
  deps: Pick<Deps, 'db'>,
  request: { resourceId: string; digest: string },
): Promise<Verification> {
  const { resourceId } = request
  const digest = request.digest.toLowerCase()
  if (!/^[0-9a-f]{8}([0-9a-f]{56})?$/.test(digest)) return { outcome: 'unknown' }
  await liveResource(deps.db, resourceId)
  const state = (await findState(deps.db, resourceId))?.state
  const stored = await findKeys(deps.db, resourceId)
  const events = await listHistory(deps.db, resourceId, { limit: KEY_EVENTS_READ, kinds: KEY_EVENTS })
  const digests = new Map(stored.map((key) => [key.version, key.digest.toString('hex')]))
  const life = keyLives(state, stored, events).find(({ version, fingerprint }) => {
    return digests.get(version)?.startsWith(digest) ?? digest.startsWith(fingerprint)
  })
  if (!life) return { outcome: 'unknown' }
  return { outcome: life.revokedAt === null ? life.stage : 'revoked', version: life.version }
}
