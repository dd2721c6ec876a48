import type { Actor } from '../../domain/actor.ts'
import { afterTokenLife, isShorter, type LifeTerms, shortenedBy } from '../../domain/change-token-life.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { oldKeysOf } from '../../domain/keyring-room.ts'
import type { OlderKey } from '../../domain/keyset.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import { formatTokenLife, tooManyKeys } from '../../domain/token-life.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { askFirst, type EndsEarly } from '../ends-early.ts'

/**
 * States how long the longest thing lives that apps sign; null: no longer. Old keys that are there are kept by it. Apps learn
 * it with the next release, and no release is made for it. A shorter life ends what was signed under the longer one, so it
 * asks first: `confirm` names the keys. False: it is that already. Throws `invalid-option` where the keyring has no room for
 * the keys which it takes, with the sum, `unknown-resource`, `resource-gone`.
 */
export async function setTokenLife(
  deps: Deps,
  request: { resourceId: string; actor: Actor; tokenLifeMs: number | null; confirm?: string | undefined },
): Promise<boolean | EndsEarly> {
  const { resourceId, actor, tokenLifeMs, confirm } = request
  const { graceFloorMs, plans } = deps.settings
  const now = deps.now()
  const chosen = formatTokenLife(tokenLifeMs)
  const outcome = await changeResource<boolean | EndsEarly>(
    deps,
    { resourceId, actor },
    async ({ resource, stored: { state } }, trx) => {
      const { grace, periodMs } = resource
      if (state.tokenLifeMs === tokenLifeMs) return { outcome: false }
      const problem = tooManyKeys({ ...state, grace, periodMs, tokenLifeMs }, plans)
      if (problem) throw new SecurekeyError('invalid-option', `A token life of ${chosen} ${problem}.`)
      const terms = { grace, graceFloorMs }
      const ending = endingBy(state, tokenLifeMs, terms, now)
      const asked = await askFirst(trx, resourceId, ending, confirm)
      if (asked) return { outcome: asked }
      const details = { from: formatTokenLife(state.tokenLifeMs), to: chosen }
      const { state: to, erased } = afterTokenLife(state, tokenLifeMs, terms, now)
      const event: HistoryEvent = { at: now, kind: 'token-life-changed', actor, erased, details }
      return { outcome: true, to, erased, events: [event] }
    },
  )
  if (outcome === true) deps.log.info({ resourceId, tokenLife: chosen }, 'token life changed')
  return outcome
}

/** The key that signs, whose end comes sooner once it gives way, and the old ones whose end comes sooner. */
function endingBy(state: ResourceState, tokenLifeMs: number | null, terms: LifeTerms, now: Date) {
  const { keyset } = state
  if (!isShorter(state.tokenLifeMs, tokenLifeMs) || keyset.current <= keyset.revokedTo) return []
  const old = oldKeysOf(state)
  const before = (key: OlderKey) => old.find(({ version }) => version === key.version)?.until ?? null
  return [
    { version: keyset.current, from: null, instead: null },
    ...shortenedBy(state, tokenLifeMs, terms, now).map((key) => ({
      version: key.version,
      from: key.until,
      instead: before(key),
    })),
  ]
}
