import { SecurekeyError } from '../domain/errors.ts'
import type { Freeze } from '../domain/freezes.ts'
import type { Deps } from '../flows/deps.ts'
import { freezeAll, readFreezesForAll, unfreezeAll } from '../flows/operations/freeze-all.ts'

type FreezeOptions = { from?: string; to?: string; zone?: string; reason?: string }

/** Freezes all schedules. Throws `invalid-option` for dates that are left out or do not hold. */
export async function freezeOf(deps: Deps, { from, to, zone, reason }: FreezeOptions): Promise<string> {
  if (from === undefined || to === undefined || reason === undefined) {
    throw new SecurekeyError('invalid-option', 'Give --from, --to and --reason; --zone is UTC if left out.')
  }
  const freeze = await freezeAll(deps, { from, until: to, zone: zone ?? 'UTC', reason })
  return `Frozen: ${describe(freeze)}. What is under way is not called back; revokes and people go ahead.`
}

/** Ends a freeze for all. Throws `invalid-option` where there is none of that id. */
export async function unfreezeOf(deps: Deps, id: string): Promise<string> {
  const ended = await unfreezeAll(deps, id)
  if (!ended) throw new SecurekeyError('invalid-option', 'There is no freeze of that id; see "freezes".')
  return `Ended: ${describe(ended.freeze)}. ${ended.woken} add-ons are looked at anew.`
}

/** The freezes for all that are not over. */
export async function listFreezes(deps: Deps): Promise<string> {
  const freezes = await readFreezesForAll(deps)
  return freezes.length === 0 ? 'No freeze for all.' : freezes.map(describe).join('\n')
}

function describe({ id, from, until, zone, reason }: Freeze): string {
  return `${id}  ${from.toISOString()} to ${until.toISOString()} (${zone})  ${reason}`
}
