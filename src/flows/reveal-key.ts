import type { Actor } from '../domain/audit.ts'
import type { Stage } from '../domain/keyset.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { liveKeysOf } from '../store/key-versions.ts'
import type { Resource } from '../store/resources.ts'
import type { Deps } from './deps.ts'
import { liveResource } from './live-resource.ts'

export type RevealOutcome =
  | { outcome: 'revealed'; key: string; fingerprint: string; stage: Stage; resource: Resource }
  /** Retired and erased, or never made. */
  | { outcome: 'no-such-key' }

/**
 * Opens one key to be shown to a person. The audit row is written before the key is handed out, in the transaction
 * that looked at it: nobody sees a key without having left a trace. Throws `resource-gone`.
 */
export async function revealKey(
  deps: Deps,
  request: { resourceId: string; actor: Actor; version: number },
): Promise<RevealOutcome> {
  const { resourceId, actor, version } = request
  const found = await deps.db.transaction().execute(async (trx) => {
    const resource = await liveResource(trx, resourceId)
    const keyset = (await liveKeysOf(trx, [resourceId])).get(resourceId) ?? []
    // A pending key is shown to nobody: until Heroku has it, it may still be thrown away.
    const key = keyset.find((each) => each.version === version && each.stage !== 'pending')
    if (!key?.sealedKey || resource.wrappedDek === null) return undefined
    const { fingerprint, stage } = key
    await insertAuditEvents(trx, [
      { resourceId, at: deps.now(), actor, action: 'key-revealed', version, fingerprint },
    ])
    return { sealedKey: key.sealedKey, fingerprint, stage, resource, wrappedDek: resource.wrappedDek }
  })
  if (!found) return { outcome: 'no-such-key' }
  const { sealedKey, fingerprint, stage, resource, wrappedDek } = found
  const sealer = await deps.sealing.forResource(resourceId, wrappedDek)
  deps.log.info({ resourceId, version }, 'key revealed')
  return {
    outcome: 'revealed',
    key: await sealer.open('sealed_key', sealedKey, version),
    fingerprint,
    stage,
    resource,
  }
}
