import { SecurekeyError } from '../domain/errors.ts'
import { revokeKeys } from '../flows/dashboard/revoke-keys.ts'
import type { Deps } from '../flows/deps.ts'
import { revokeAll } from '../flows/operations/revoke-all.ts'
import { countOfOlderKeys } from '../store/sealed-keys.ts'
import { leftToDo, runLong } from './long-command.ts'

/** Revokes the keys of one add-on, and says what comes of it. */
export async function revokeOf(deps: Deps, resourceId: string): Promise<string> {
  const { outcome } = await revokeKeys(deps, { resourceId, actor: { type: 'operator' } })
  return outcome === 'requested'
    ? 'Revoked: a worker brings new keys to Heroku at its next tick.'
    : 'A revoke is under way already.'
}

/** The same of every add-on that has a key made before a moment, which must be given: `--made-before`. */
export async function revokeOfAll(deps: Deps, madeBefore: string | undefined): Promise<string> {
  const moment = new Date(madeBefore ?? '')
  const isWhole = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?Z$/.test(
    madeBefore ?? '',
  )
  if (!isWhole || Number.isNaN(moment.getTime())) {
    throw new SecurekeyError('invalid-option', 'Say whose keys: --made-before 2026-01-31T12:00Z, in UTC.')
  }
  const total = await countOfOlderKeys(deps.db, moment)
  return await runLong({ what: 'Revoking', total }, async ({ signal, did }) => {
    const revoked = await revokeAll(deps, { madeBefore: moment, signal, did })
    const done = `${revoked} add-ons revoked: workers bring new keys to Heroku at their next ticks.`
    return `${done} ${leftToDo(signal.aborted ? Math.max(0, total - revoked) : 0, { signal })}`
  })
}
