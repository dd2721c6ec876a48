import { SecurekeyError } from '../../domain/errors.ts'
import { insertKeks, listKeks, listNeededKekIds, type StoredKek } from '../../store/keks.ts'
import type { Deps } from '../deps.ts'

/**
 * Refuses keys of `SEALING_KEYS` that are not those which this database knows. Throws `wrong-sealing-keys` with every
 * id at which another key was used before, and every id that stored data needs and that is not listed. The check value
 * of a key that is new here is stored.
 */
export async function requireKnownKeks(deps: Pick<Deps, 'db' | 'now' | 'macs'>): Promise<void> {
  const listed = (await deps.macs.checkValues()).map(({ kekId, checkValue }) => ({ id: kekId, checkValue }))
  let stored = await listKeks(deps.db)
  const fresh = listed.filter(({ id }) => !stored.some((each) => each.id === id))
  if (fresh.length > 0) {
    await insertKeks(deps.db, fresh, deps.now())
    // Another process may have been first, with other bytes.
    stored = await listKeks(deps.db)
  }
  const needed = await listNeededKekIds(deps.db)
  const problems = [...differing(listed, stored), ...missing(listed, needed)]
  if (problems.length > 0) {
    throw new SecurekeyError(
      'wrong-sealing-keys',
      `SEALING_KEYS do not fit the database: ${problems.join('; ')}.`,
    )
  }
}

function differing(listed: readonly StoredKek[], stored: readonly StoredKek[]): string[] {
  return listed
    .filter(({ id, checkValue }) =>
      stored.some((each) => each.id === id && !each.checkValue.equals(checkValue)),
    )
    .map(({ id }) => `"${id}" is another key than the one that was used by this name before`)
}

function missing(listed: readonly StoredKek[], needed: readonly string[]): string[] {
  return needed
    .filter((id) => !listed.some((each) => each.id === id))
    .map((id) => `"${id}" is not listed, and stored secrets need it`)
}

/**
 * Makes that check until it has succeeded once; from then on it costs nothing. A process asks before it does any work, so
 * that one whose database is away can start all the same.
 */
export function createKekCheck(deps: Pick<Deps, 'db' | 'now' | 'macs'>): () => Promise<void> {
  let checked = false
  return async () => {
    if (checked) return
    await requireKnownKeks(deps)
    checked = true
  }
}
