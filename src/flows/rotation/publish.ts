import { afterAnnouncing, afterFiller, afterRotation, type PromotionFacts } from '../../domain/after-push.ts'
import type { ConfigVars } from '../../domain/config-vars.ts'
import type { Pair } from '../../domain/keyset.ts'
import { publishedPair } from '../../domain/keyset.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import { isNextUnpublished } from '../../domain/rotation.ts'
import { configVarsOf } from '../config-vars-of.ts'
import type { Deps } from '../deps.ts'
import { type OpenResource, storedText } from './open-resource.ts'

/** What is brought to Heroku: the pair that waits for it, and the config vars that say so, as of an epoch. */
export type Publication = { pair: Pair; vars: ConfigVars; epoch: number }

/**
 * What the step `publish` is to bring to Heroku. The keyring tells the state as it is once Heroku has taken it, as of
 * this moment. Undefined when nothing waits. Throws `sealed-value-unreadable`.
 */
export function publicationOf(
  deps: Pick<Deps, 'now' | 'witness' | 'installation'>,
  resource: OpenResource,
  texts?: ReadonlyMap<number, string>,
): Publication | undefined {
  const now = deps.now()
  const { state, grace, periodMs } = resource
  const { epoch } = deps.installation.standing()
  const facts: PromotionFacts = { grace, periodMs, publishedAt: now, doubtful: false, epoch }
  const after = afterPublished(state, facts, now)
  if (!after) return undefined
  const textOf = (version: number) => texts?.get(version) ?? storedText(resource, version)
  return {
    pair: publishedPair(after.keyset),
    vars: configVarsOf(deps, resource, after, textOf),
    epoch,
  }
}

/** The state once Heroku has confirmed whatever waits for it. */
function afterPublished(state: ResourceState, facts: PromotionFacts, now: Date): ResourceState | undefined {
  const { pending, pendingFiller } = state.keyset
  if (state.rotation) return pending === null ? undefined : afterRotation(state, facts, now).state
  if (pendingFiller !== null) return afterFiller(state, facts, now).state
  return isNextUnpublished(state) ? afterAnnouncing(state, facts, now).state : undefined
}

/** The config vars as they were published last, or as they are pushed again in `epoch`. Throws `sealed-value-unreadable`. */
export function publishedVars(
  deps: Pick<Deps, 'witness'>,
  resource: OpenResource,
  epoch: number = resource.state.trust.confirmedEpoch,
): ConfigVars {
  const state = { ...resource.state, trust: { ...resource.state.trust, confirmedEpoch: epoch } }
  return configVarsOf(deps, resource, state, (version) => storedText(resource, version))
}
