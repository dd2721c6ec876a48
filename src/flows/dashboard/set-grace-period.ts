import type { Actor } from '../../domain/actor.ts'
import { formatDuration } from '../../domain/duration.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import { changedGraceEnd, formatGracePeriod, type GracePeriod } from '../../domain/grace.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import type { SecondKey } from '../../domain/keyset.ts'
import { lifeEndsAt, theLater } from '../../domain/old-key-end.ts'
import { type ResourceState, wokenWhenNeeded } from '../../domain/resource-state.ts'
import { tooManyKeys } from '../../domain/token-life.ts'
import { setGrace } from '../../store/resources.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Sets how long an old key stays valid, for the one in the config var now and for those to come. The end is counted
 * from the push of the current key, but an old key is never dropped sooner than the grace floor from now on. The grace
 * period that it has already changes nothing: then false. A stated life of what apps sign counts where it is longer. Throws
 * `invalid-option` for less than the floor, and beside a stated life for more than the keyring has room for;
 * `unknown-resource`, `resource-gone`.
 */
export async function setGracePeriod(
  deps: Deps,
  request: { resourceId: string; actor: Actor; grace: GracePeriod },
): Promise<boolean> {
  const { resourceId, actor, grace } = request
  const { graceFloorMs, plans } = deps.settings
  const now = deps.now()
  if (grace.until === 'elapsed' && grace.ms < graceFloorMs) {
    throw new SecurekeyError(
      'invalid-option',
      `The grace period must be at least ${formatDuration(graceFloorMs)}.`,
    )
  }
  const changed = await changeResource(
    deps,
    { resourceId, actor },
    async ({ resource, stored: { state } }, trx) => {
      if (formatGracePeriod(resource.grace) === formatGracePeriod(grace)) return { outcome: false }
      const problem = tooManyKeys({ ...state, grace, periodMs: resource.periodMs }, plans)
      if (problem) {
        throw new SecurekeyError(
          'invalid-option',
          `A grace period of ${formatGracePeriod(grace)} ${problem}.`,
        )
      }
      await setGrace(trx, resourceId, grace)
      const second = withGrace(state, grace, new Date(now.getTime() + graceFloorMs))
      const details = { from: formatGracePeriod(resource.grace), to: formatGracePeriod(grace) }
      const event: HistoryEvent = { at: now, kind: 'grace-period-changed', actor, details }
      const keyset = { ...state.keyset, second }
      return { outcome: true, to: wokenWhenNeeded({ ...state, keyset }, grace, now), events: [event] }
    },
  )
  if (changed) deps.log.info({ resourceId, gracePeriod: formatGracePeriod(grace) }, 'grace period changed')
  return changed
}

/** The second key under the new grace period: shortened, but not below `earliest`. */
function withGrace(
  { keyset: { second }, publishedAt, nextRotationAt, tokenLifeMs }: ResourceState,
  grace: GracePeriod,
  earliest: Date,
): SecondKey {
  if (second.filler) return second
  const { until } = second
  const ends = changedGraceEnd(grace, { until, publishedAt, nextRotationAt }, earliest)
  return {
    ...second,
    until: tokenLifeMs === null ? ends : theLater(ends, lifeEndsAt(tokenLifeMs, publishedAt)),
  }
}
