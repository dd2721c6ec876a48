import type { HistoryEvent } from '../../domain/history.ts'
import { isClosed, type OwnKey } from '../../domain/own-key-watch.ts'
import { recordEvents } from '../../store/history.ts'
import { listUntold, noteTold } from '../../store/own-keys.ts'
import type { Deps } from '../deps.ts'

const BATCH = 200
/** Of one look; the next goes on. */
const MOST_BATCHES = 50

/**
 * Writes into the history of each add-on of a key that it is suspended, restored or lost, once for each of these, whatever
 * dies on the way. What passed before it could be told is not told.
 */
export async function tellOfOwnKey(
  deps: Pick<Deps, 'db'>,
  arn: string,
  key: Pick<OwnKey, 'state' | 'said'>,
  at: Date,
): Promise<void> {
  const told = key.state === 'lost' ? 'lost' : isClosed(key.state) ? 'suspended' : null
  const event = eventOf(arn, told, key.said, at)
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    const ids = await listUntold(deps.db, arn, told, BATCH)
    if (ids.length === 0) return
    await deps.db.transaction().execute(async (trx) => {
      // The locks of their rows first, as everybody takes them.
      await recordEvents(
        trx,
        ids.map((resourceId) => ({ resourceId, events: [event] })),
      )
      const noted = await noteTold(trx, ids, told)
      if (noted < ids.length) throw new Error('somebody else has just told of it')
    })
    if (ids.length < BATCH) return
  }
}

function eventOf(
  arn: string,
  told: 'suspended' | 'lost' | null,
  said: string | null,
  at: Date,
): HistoryEvent {
  const kind = told === 'lost' ? 'own-key-lost' : told ? 'own-key-suspended' : 'own-key-restored'
  return { at, kind, actor: { type: 'worker' }, details: { encryptionKey: arn, ...(said && { said }) } }
}
