import { afterForeign } from '../../domain/after-look.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { CHECK_AFTER_DOUBT_MS } from '../../domain/schedule.ts'
import { writeChanges } from '../../store/changes.ts'
import type { ClaimedResource } from '../../store/claimed-resources.ts'
import { catchUpWithHistory, lockState } from '../../store/keysets.ts'
import type { Deps } from '../deps.ts'
import { giveBack } from './end-failed.ts'
import type { Outcome } from './group.ts'

/**
 * The history knows of more than the row of this add-on: somebody has put an older row back, by hand or from a part of a
 * backup. What it says is not believed: nothing is pushed, as with a foreign pair, until a person adopts what Heroku holds
 * or replaces it. New keys are numbered behind all that the history knows. Heroku is looked at in two minutes: a key that
 * the row knows as revoked does not stay there.
 */
export async function stopBehindHistory(deps: Deps, claimed: ClaimedResource): Promise<Outcome> {
  const now = deps.now()
  const { resourceId, fence, revision } = claimed
  const stopped = await deps.db.transaction().execute(async (trx) => {
    const found = await lockState(trx, resourceId)
    if (found?.fence !== fence || found.revision !== revision) return false
    await catchUpWithHistory(trx, resourceId)
    const present = await lockState(trx, resourceId)
    if (!present) return false
    const event: HistoryEvent = { at: now, kind: 'row-put-back', actor: { type: 'worker' } }
    const to = afterForeign(present.state, CHECK_AFTER_DOUBT_MS, now)
    await writeChanges(trx, [{ ...present, to, by: 'claim', events: [event] }], now)
    return true
  })
  if (!stopped) return await giveBack(deps, claimed)
  deps.log.error({ resourceId }, 'the row of this add-on is older than its history')
  return 'checked'
}
