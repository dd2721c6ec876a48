import type { Actor, Person } from '../../domain/actor.ts'
import { BEARER_ID_BYTES, BEARER_SECRET_BYTES, bearerText, readBearer } from '../../domain/bearer-text.ts'
import { FORK_CODE_LIFE_MS, type ForkCode, forkCodeText } from '../../domain/fork-code.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { theLater } from '../../domain/old-key-end.ts'
import { requireOpen } from '../../domain/own-key-closed.ts'
import { serviceNow, type Trx } from '../../store/database.ts'
import {
  deleteForkCode,
  findForkCode,
  purgeForkCodes,
  putForkCode,
  type StoredForkCode,
} from '../../store/fork-codes.ts'
import { recordEvents } from '../../store/history.ts'
import { findSession } from '../../store/sessions.ts'
import { noteAccess } from '../access/note-access.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

export type MakeForkCodeOutcome =
  /** `text` is nowhere else. `nextRotationAt`: from then on the add-on may sign with a key that no other one takes over. */
  | { outcome: 'made'; text: string; code: ForkCode; nextRotationAt: Date }
  /** The session has ended since it was looked at. */
  | { outcome: 'signed-out' }
  /** This service has no access to AWS: no add-on could take the keys over. */
  | { outcome: 'off' }

const PURGED_AT_ONCE = 100

/**
 * Makes the code by which a new add-on takes over the keys of this one: whoever has it gets them. It ends the one before. What
 * is stored is a MAC of it, and the history tells of it in the same transaction. `session`: the digest of the id of the one
 * that asks. Throws `unknown-resource`, `resource-gone` or `own-key-unusable`.
 */
export async function makeForkCode(
  deps: Deps,
  request: { resourceId: string; actor: Person; session?: Buffer },
): Promise<MakeForkCodeOutcome> {
  const { resourceId, actor, session } = request
  if (!deps.settings.ownKeys) return { outcome: 'off' }
  await purgeForkCodes(deps.db, PURGED_AT_ONCE)
  const now = await serviceNow(deps.db)
  const text = bearerText('fork', deps.random(BEARER_ID_BYTES), deps.random(BEARER_SECRET_BYTES))
  const read = readBearer(text)
  if (!read) throw new RangeError('no text of a code')
  const code = { id: read.id, resourceId, expiresAt: new Date(now.getTime() + FORK_CODE_LIFE_MS) }
  const mac = await deps.macs.make('fork code', forkCodeText(read.digest, code))
  const nextRotationAt = await deps.db.transaction().execute(async (trx) => {
    const { resource, stored } = await lockResource(trx, { resourceId, actor })
    requireOpen(resource.dek)
    if (session && !(await findSession(trx, session))) return undefined
    await putForkCode(trx, { ...code, ...mac }, now)
    const details = { code: code.id, expiresAt: code.expiresAt.toISOString() }
    const event: HistoryEvent = { at: now, kind: 'fork-code-made', actor, details }
    const unusual = await noteAccess(trx, { resourceId, actor, at: now, shown: 'key' })
    await recordEvents(trx, [{ resourceId, events: [event, ...unusual] }])
    // One that is late comes at any moment.
    return theLater(stored.state.nextRotationAt, now)
  })
  if (!nextRotationAt) return { outcome: 'signed-out' }
  deps.log.info({ resourceId, codeId: code.id }, 'fork code made')
  return { outcome: 'made', text, code, nextRotationAt }
}

/** Ends the code of a resource within a transaction that holds the lock. Returns what the history tells of that. */
export async function endForkCodeIn(
  trx: Trx,
  resourceId: string,
  actor: Actor,
  at: Date,
): Promise<HistoryEvent[]> {
  const code = await deleteForkCode(trx, resourceId)
  return code === undefined ? [] : [{ at, kind: 'fork-code-ended', actor, details: { code } }]
}

/** No code has this id: what is no code is looked up like one that is wrong, and costs the same. */
const NO_ID = ''
const NO_DIGEST = Buffer.alloc(32)

/** The code that this text is, if it is one that can be used. One look, whatever is wrong with it. */
export async function readForkCode(
  deps: Pick<Deps, 'db' | 'macs'>,
  text: string,
): Promise<StoredForkCode | undefined> {
  const read = readBearer(text)
  const { id, digest } = read?.kind === 'fork' ? read : { id: NO_ID, digest: NO_DIGEST }
  const code = await findForkCode(deps.db, id)
  if (!code) return undefined
  return (await deps.macs.verify('fork code', forkCodeText(digest, code), code)) ? code : undefined
}
