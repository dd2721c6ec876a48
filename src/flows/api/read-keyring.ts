import type { Actor } from '../../domain/actor.ts'
import { serveAt } from '../../domain/calendar.ts'
import { goodForSeconds } from '../../domain/good-for.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { keyFromBytes } from '../../domain/key.ts'
import { keyringTag } from '../../domain/keyring-tag.ts'
import {
  type KeyringKey,
  type PublishedReason,
  readKeyring as readKeyringText,
} from '../../domain/keyring-var.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import type { WrappedDek } from '../../domain/wrapped-dek.ts'
import { recordEvents } from '../../store/history.ts'
import { findState } from '../../store/keysets.ts'
import type { Resource } from '../../store/resources.ts'
import { findKeys, type StoredKey } from '../../store/sealed-keys.ts'
import { noteAccess } from '../access/note-access.ts'
import { gone, liveResource, lockResource } from '../change-resource.ts'
import { configVarsOf } from '../config-vars-of.ts'
import type { Deps } from '../deps.ts'
import { namedKeyOf } from '../ended-rotation.ts'

/** The two config vars of a resource as of now, and what is in them. `tag` changes with what they say. */
export type ReadKeyring =
  | { outcome: 'unchanged'; tag: string; refreshAfterMs: number }
  | ({ outcome: 'read'; tag: string; refreshAfterMs: number } & OpenedKeyring)
  /** The keys were revoked, and their successors are not at Heroku yet: there is no key to be used. */
  | { outcome: 'revoked' }

/** The keys themselves, and what is known of them. */
export type OpenedKeyring = {
  secureKey: string
  secureKeyring: string
  keys: readonly Omit<KeyringKey, 'key'>[]
  goodForSeconds: number
  reason: PublishedReason
  rotatedAt: Date
  nextRotationAt: Date
}

/** The sealed keys of a live resource, as they were under its lock, and all that is needed to open and to tell of them. */
export type FoundKeyring = {
  resource: Resource
  state: ResourceState
  keys: readonly StoredKey[]
  dek: WrappedDek
}

const LEAST_REFRESH_MS = 5 * 60_000
const MOST_REFRESH_MS = 3_600_000
const REFRESHES_PER_PERIOD = 24

/**
 * Hands a program the keys of its resource. The history row is written before they are opened, in the transaction that
 * looked at them. A program that has them already (`known`: their tag) gets none, and leaves no row. Throws
 * `resource-gone`, and `unauthenticated` where its token has ended meanwhile.
 */
export async function readKeyring(
  deps: Pick<Deps, 'db' | 'now' | 'sealing' | 'witness' | 'log'>,
  request: { resourceId: string; actor: Actor; known: (tag: string) => boolean },
): Promise<ReadKeyring> {
  const { resourceId, actor, known } = request
  const resource = await liveResource(deps.db, resourceId)
  const seen = (await findState(deps.db, resourceId))?.state
  if (!seen) throw gone()
  const refreshAfterMs = refreshAfter(resource.periodMs)
  if (isRevoked(seen)) return { outcome: 'revoked' }
  const seenTag = keyringTag(seen, resource)
  if (known(seenTag)) return { outcome: 'unchanged', tag: seenTag, refreshAfterMs }
  const found = await deps.db.transaction().execute(async (trx) => {
    const { resource: locked, stored } = await lockResource(trx, { resourceId, actor })
    const keys = await findKeys(trx, resourceId)
    const current = keys.find(({ version }) => version === stored.state.keyset.current)
    if (!current || !locked.dek || isRevoked(stored.state)) return undefined
    const at = deps.now()
    const event: HistoryEvent = { at, kind: 'keys-read', actor, key: namedKeyOf(current) }
    const unusual = await noteAccess(trx, { resourceId, actor, at, shown: 'keys' })
    await recordEvents(trx, [{ resourceId, events: [event, ...unusual] }])
    return { resource: locked, state: stored.state, keys, dek: locked.dek }
  })
  if (!found) return { outcome: 'revoked' }
  const opened = await openKeyring(deps, found)
  deps.log.info({ resourceId, version: found.state.keyset.current }, 'keys read by a program')
  return { outcome: 'read', tag: keyringTag(found.state, found.resource), refreshAfterMs, ...opened }
}

/** Opens the keys of a resource. Whoever is to have them stands in the history by now. */
export async function openKeyring(
  deps: Pick<Deps, 'sealing' | 'witness'>,
  { resource, state, keys, dek }: FoundKeyring,
): Promise<OpenedKeyring> {
  const { id: resourceId, grace, periodMs } = resource
  const terms = { resourceId, grace, periodMs }
  const sealer = await deps.sealing.forResource(resourceId, dek)
  const { pair, keyring } = configVarsOf(deps, terms, state, (version) =>
    keyFromBytes(sealer.openKey(version, sealedOf(keys, version))),
  )
  return {
    secureKey: pair,
    secureKeyring: keyring,
    // As the config var says it, so that both never differ.
    keys: (readKeyringText(keyring)?.keyring.keys ?? []).map(({ key: _, ...told }) => told),
    goodForSeconds: goodForSeconds({ ...terms, tokenLifeMs: state.tokenLifeMs }),
    reason: state.publishedReason,
    rotatedAt: state.publishedAt,
    nextRotationAt: serveAt(state.nextRotationAt, state.calendar),
  }
}

function isRevoked({ keyset }: ResourceState): boolean {
  return keyset.current <= keyset.revokedTo
}

/** After how long a program may well ask again. */
export function refreshAfter(periodMs: number): number {
  return Math.min(MOST_REFRESH_MS, Math.max(LEAST_REFRESH_MS, periodMs / REFRESHES_PER_PERIOD))
}

/** The sealed bytes of a live version. */
export function sealedOf(keys: readonly StoredKey[], version: number): Buffer {
  const found = keys.find((key) => key.version === version)
  if (!found) throw new Error(`version ${version} is not stored`)
  return found.sealed
}
