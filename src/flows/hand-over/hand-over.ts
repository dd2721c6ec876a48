import type { ClientActor } from '../../domain/actor.ts'
import {
  afterAsking,
  type HandOverVerdict,
  isOnTime,
  judgeHandOver,
  NONCE_KEPT_MS,
} from '../../domain/hand-over.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { countNonces, findClient, useNonce, writeClient } from '../../store/clients.ts'
import { serviceNow, type Trx } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { noteAccess } from '../access/note-access.ts'
import { type FoundKeyring, type OpenedKeyring, openKeyring, refreshAfter } from '../api/read-keyring.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { namedKeyOf } from '../ended-rotation.ts'
import { findHeldKey, type Proof } from './find-held-key.ts'

/** A request of a client whose secret is right. `epk`: whatever it sent as the public key to encrypt to. */
export type HandOverRequest = {
  resourceId: string
  actor: ClientActor
  proof: Proof & { created: number; expires: number | null; nonce: string }
  epk: unknown
  /** Where the service is for this client. */
  origin: string
}

type Latest = { kid: string; nextRotationAt: Date; refreshAfterMs: number }

export type HandOverOutcome =
  /** All that is wrong with what proves that it holds a key: the same to whoever asks. */
  | { outcome: 'unproved' }
  | { outcome: 'clock'; now: Date }
  | { outcome: 'replayed' | 'unusable-key' | 'off' | 'came-back' | 'too-many' }
  | ({ outcome: 'already-latest' } & Latest)
  /** `seal` makes the answer of what the keyring says. */
  | ({ outcome: 'hand-over'; opened: OpenedKeyring; seal: (keyring: object) => Promise<string> } & Latest)

/** A client asks once a minute at the most, if it asks as it is told. */
const MOST_NONCES = 500

/**
 * Hands the present keys to an enrolled client that proves by its signature that it holds the previous one, and tells a
 * client that holds the present one so. What is decided, and the history row, come to be in one transaction under the lock
 * of the resource, and before any key is opened: what a revoke, an end of the client or a deprovision has committed before is
 * seen. Throws `resource-gone`, and `unauthenticated` where the client has ended meanwhile.
 */
export async function handOver(deps: Deps, request: HandOverRequest): Promise<HandOverOutcome> {
  const { resourceId, actor, proof } = request
  const held = await findHeldKey(deps, resourceId, proof)
  if (!held) return { outcome: 'unproved' }
  const ephemeral = deps.clientSeal.readEphemeralKey(request.epk)
  const decided = await deps.db.transaction().execute(async (trx) => {
    const { resource, stored } = await lockResource(trx, { resourceId, actor })
    const now = await serviceNow(trx)
    if (!isOnTime(proof, now)) return { outcome: 'clock', now } as const
    if ((await countNonces(trx, actor.id)) >= MOST_NONCES) return { outcome: 'too-many' } as const
    const until = new Date(now.getTime() + NONCE_KEPT_MS)
    if (!(await useNonce(trx, { clientId: actor.id, nonce: proof.nonce, until }))) {
      return { outcome: 'replayed' } as const
    }
    if (!ephemeral) return { outcome: 'unusable-key' } as const
    const keys = await findKeys(trx, resourceId)
    if (!resource.dek) return { outcome: 'unproved' } as const
    const found = { resource, state: stored.state, keys, dek: resource.dek }
    return await decide(trx, request, { found, signedWith: held.version, now })
  })
  deps.log.info({ resourceId, clientId: actor.id, outcome: decided.outcome }, 'client asked for the keys')
  if (!('found' in decided)) return decided
  const { found, latest, outcome } = decided
  if (outcome === 'already-latest' || !ephemeral) return { outcome: 'already-latest', ...latest }
  const opened = await openKeyring(deps, found)
  const claims = {
    iss: request.origin,
    aud: actor.id,
    nonce: proof.nonce,
    iat: Math.floor(decided.now.getTime() / 1_000),
  }
  const to = { ephemeral, held: held.text, kid: proof.kid }
  return {
    outcome,
    ...latest,
    opened,
    seal: (keyring) => deps.clientSeal.seal(to, { ...claims, keyring }),
  }
}

type Decided =
  | { outcome: Exclude<HandOverVerdict, 'hand-over' | 'already-latest'> }
  | { outcome: 'hand-over' | 'already-latest'; found: FoundKeyring; latest: Latest; now: Date }

/** Decides under the lock, and writes down what comes of it. */
async function decide(
  trx: Trx,
  { resourceId, actor, proof: { kid } }: HandOverRequest,
  { found, signedWith, now }: { found: FoundKeyring; signedWith: number; now: Date },
): Promise<Decided> {
  const { resource, state, keys } = found
  const record = await findClient(trx, actor.id)
  const current = keys.find(({ version }) => version === state.keyset.current)
  if (!record || !current) return { outcome: 'unproved' }
  const { keyset } = state
  const { newestVersion: newest } = record
  const verdict = judgeHandOver({ keyset, on: resource.handsOver, signedWith, newest })
  if (verdict === 'unproved' || verdict === 'off') return { outcome: verdict }
  const { record: after, tells } = afterAsking(record, { verdict, kid, current: keyset.current, now })
  await writeClient(trx, after)
  const key = namedKeyOf(current)
  const events = tells.map(
    (kind): HistoryEvent => ({ at: now, kind, actor, key, details: { signedWith: kid } }),
  )
  const shown = verdict === 'hand-over' ? 'keys' : null
  events.push(...(await noteAccess(trx, { resourceId, actor, at: now, shown })))
  if (events.length > 0) await recordEvents(trx, [{ resourceId, events }])
  if (verdict === 'came-back') return { outcome: verdict }
  const { nextRotationAt } = state
  const latest = { kid: key.fingerprint, nextRotationAt, refreshAfterMs: refreshAfter(resource.periodMs) }
  return { outcome: verdict, found, latest, now }
}
