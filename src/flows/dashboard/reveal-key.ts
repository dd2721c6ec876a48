import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { keyFromBytes } from '../../domain/key.ts'
import type { Keyset } from '../../domain/keyset.ts'
import { isOwnKey } from '../../domain/own-key-arn.ts'
import { recordEvents } from '../../store/history.ts'
import type { Resource } from '../../store/resources.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { noteAccess } from '../access/note-access.ts'
import { liveResource, lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { namedKeyOf } from '../ended-rotation.ts'

/** What apps do with a key. An `older` one has left the config var. */
export type KeyUse = 'signs' | 'accepted' | 'filler' | 'older' | 'next'

export type RevealOutcome =
  | { outcome: 'revealed'; key: string; fingerprint: string; use: KeyUse; resource: Resource }
  /** Retired and erased, or never made. */
  | { outcome: 'no-such-key' }

/**
 * Opens one key to be shown to a person. The history row is written before the key is handed out, in the transaction
 * that looked at it: nobody sees a key without having left a trace. Throws `resource-gone`, and
 * what says that a customer's own key cannot be used.
 */
export async function revealKey(
  deps: Deps,
  request: { resourceId: string; actor: Actor; version: number },
): Promise<RevealOutcome> {
  const { resourceId, actor, version } = request
  // A customer's key may be away: then nothing is shown, and nothing is said to have been.
  const { dek: present } = await liveResource(deps.db, resourceId)
  if (present && isOwnKey(present.kekId)) await deps.sealing.forResource(resourceId, present)
  const found = await deps.db.transaction().execute(async (trx) => {
    const { resource, stored } = await lockResource(trx, { resourceId, actor })
    const { keyset } = stored.state
    // A pending key is shown to nobody: until Heroku has it, it may still be thrown away.
    const unannounced = version === keyset.next?.version && !keyset.next.announced
    const pending = version === keyset.pending || version === keyset.pendingFiller || unannounced
    const key = (await findKeys(trx, resourceId)).find((each) => each.version === version)
    if (!key || pending || resource.dek === null) return undefined
    const named = namedKeyOf(key)
    const at = deps.now()
    const event: HistoryEvent = { at, kind: 'key-revealed', actor, key: named }
    const unusual = await noteAccess(trx, { resourceId, actor, at, shown: 'key' })
    await recordEvents(trx, [{ resourceId, events: [event, ...unusual] }])
    return { key, named, resource, dek: resource.dek, use: useOf(keyset, version) }
  })
  if (!found) return { outcome: 'no-such-key' }
  const { key, named, resource, dek, use } = found
  const sealer = await deps.sealing.forResource(resourceId, dek)
  deps.log.info({ resourceId, version }, 'key revealed')
  const text = keyFromBytes(sealer.openKey(version, key.sealed))
  return { outcome: 'revealed', key: text, fingerprint: named.fingerprint, use, resource }
}

function useOf({ current, second, next }: Keyset, version: number): KeyUse {
  if (version === current) return 'signs'
  if (version === next?.version) return 'next'
  if (version !== second.version) return 'older'
  return second.filler ? 'filler' : 'accepted'
}
