import { addedUp, type CheckIn, type KeyCount, readCheckIn } from '../../domain/check-in.ts'
import { addSightings, saveCheckIn } from '../../store/check-ins.ts'
import { gone } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Keeps what a process says of the key that it signs with, and adds up what it has seen of keys. It changes nothing of the
 * resource, so it takes no lock of it and leaves no row in the history. Throws `resource-gone`.
 */
export async function checkIn(
  deps: Pick<Deps, 'db'>,
  request: { resourceId: string; said: Omit<CheckIn, 'at'>; counts: readonly KeyCount[] },
): Promise<void> {
  const { resourceId, said, counts } = request
  await deps.db.transaction().execute(async (trx) => {
    if (!(await saveCheckIn(trx, resourceId, readCheckIn(said)))) throw gone()
    await addSightings(trx, resourceId, addedUp(counts))
  })
}
