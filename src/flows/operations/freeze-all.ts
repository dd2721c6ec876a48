import type { Freeze, FreezeRequest } from '../../domain/freezes.ts'
import { wakeFrozen } from '../../store/claims.ts'
import { deleteFreezeForAll, insertFreezeForAll, listFreezesForAll } from '../../store/freezes-for-all.ts'
import { readFreeze } from '../dashboard/freezes.ts'
import type { Deps } from '../deps.ts'

/**
 * Freezes the schedules of all add-ons. Nothing of them is written: each claim reads the freezes along. A push that is under
 * way is not called back. Throws `invalid-option` for dates that do not hold.
 */
export async function freezeAll(deps: Deps, asked: FreezeRequest): Promise<Freeze> {
  const freeze = readFreeze(deps, asked)
  await insertFreezeForAll(deps.db, freeze, deps.now())
  deps.log.info({ freeze: freeze.id, from: freeze.from, until: freeze.until }, 'freeze for all added')
  return freeze
}

/**
 * Ends a freeze for all, and has workers look at those add-ons that waited for its end. Returns it and how many those
 * are; undefined: there is none of that id.
 */
export async function unfreezeAll(
  deps: Deps,
  id: string,
): Promise<{ freeze: Freeze; woken: number } | undefined> {
  return await deps.db.transaction().execute(async (trx) => {
    const freeze = await deleteFreezeForAll(trx, id)
    if (!freeze) return undefined
    return { freeze, woken: await wakeFrozen(trx, freeze, deps.now()) }
  })
}

/** The freezes for all that are not over. */
export async function readFreezesForAll(deps: Pick<Deps, 'db' | 'now'>): Promise<Freeze[]> {
  return await listFreezesForAll(deps.db, deps.now())
}
