import { type AdoptedKey, adopt } from '../../domain/adopt.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import type { HeldPair } from '../../domain/judge-held.ts'
import { fingerprintOf, keyBytes, keyDigest } from '../../domain/key.ts'
import { writeChanges } from '../../store/changes.ts'
import { findVersions } from '../../store/key-names.ts'
import { lockState } from '../../store/keysets.ts'
import { findKeys, type NewKey, type StoredKey } from '../../store/sealed-keys.ts'
import { kidOf } from '../config-vars-of.ts'
import type { Deps } from '../deps.ts'
import { endedRotation, withdrawnNext } from '../ended-rotation.ts'
import { giveBack } from './end-failed.ts'
import type { Outcome } from './group.ts'
import type { OpenResource } from './open-resource.ts'

/**
 * The step `adopt`: takes the pair that Heroku holds, and the keys that its keyring lists, into the keyset. Nothing is
 * pushed. What this database knew and Heroku's keyring does not is erased.
 */
export async function adoptHeld(deps: Deps, resource: OpenResource, held: HeldPair): Promise<Outcome> {
  const now = deps.now()
  const { resourceId, fence, revision, grace, periodMs, sealer } = resource
  const versions = await findVersions(deps.db, resourceId, [kidOf(held.pair.first), kidOf(held.pair.second)])
  const version = await deps.db.transaction().execute(async (trx) => {
    const present = await lockState(trx, resourceId)
    if (present?.fence !== fence || present.revision !== revision) return undefined
    const facts = { grace, periodMs, versionOf: (kid: string) => versions.get(kid), kidOf }
    const { state: to, keys, erased } = adopt(present.state, held, facts, now)
    const stored = await findKeys(trx, resourceId)
    const fresh = keys.filter((key) => !isStored(stored, key))
    // A number that stands for another key here: that one was never at Heroku, and goes.
    const displaced = stored.filter((key) => fresh.some(({ version }) => version === key.version))
    const gone = [...new Set([...erased, ...displaced.map(({ version }) => version)])]
    const named = ({ version, text }: AdoptedKey) => ({ version, fingerprint: kidOf(text) })
    const [first, ...others] = keys
    const filler = to.keyset.second.filler
      ? others.find((key) => key.version === to.keyset.second.version)
      : undefined
    const told = {
      at: now,
      kind: 'config-adopted',
      actor: { type: held.keyring ? 'worker' : 'operator' },
    } as const
    const event: HistoryEvent = {
      ...told,
      ...(first && { key: named(first) }),
      ...(filler && { filler: named(filler) }),
      publishedAt: to.publishedAt,
      erased: gone,
      details: {
        versions: keys.map(({ version }) => version).join(', '),
        insteadOf: present.state.keyset.current,
        ...(to.announcesNext !== present.state.announcesNext && { nextKey: to.announcesNext ? 'on' : 'off' }),
      },
    }
    // The history names every key that was ever stored.
    const rest = others.filter((key) => key !== filler && fresh.includes(key))
    const restEvents: HistoryEvent[] = rest.map((key) => ({ ...told, key: named(key) }))
    await writeChanges(
      trx,
      [
        {
          ...present,
          to,
          by: 'claim',
          erased: gone,
          keys: fresh.map(({ version, text }): NewKey => {
            const digest = keyDigest(text)
            const sealed = sealer.sealKey(version, keyBytes(text))
            return { resourceId, version, fingerprint: fingerprintOf(digest), digest, sealed }
          }),
          events: [
            ...endedRotation('rotation-superseded', present.state, stored, now),
            ...(gone.includes(present.state.keyset.next?.version ?? 0)
              ? withdrawnNext(present.state, stored, now, told.actor)
              : []),
            event,
            ...restEvents,
          ],
        },
      ],
      now,
    )
    return to.keyset.current
  })
  if (version === undefined) return await giveBack(deps, resource)
  deps.log.warn({ resourceId, version }, 'took over the pair that Heroku holds')
  return 'checked'
}

function isStored(stored: readonly StoredKey[], { version, text }: AdoptedKey): boolean {
  return stored.some((key) => key.version === version && key.digest.equals(keyDigest(text)))
}
