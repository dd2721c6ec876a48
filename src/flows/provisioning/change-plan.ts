import { isOpen } from '../../domain/calendar.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import { waitsForRoom } from '../../domain/keyring-room.ts'
import { isOwnKey } from '../../domain/own-key-arn.ts'
import { isClosed } from '../../domain/own-key-watch.ts'
import { isPaused } from '../../domain/pause.ts'
import { findPlan, type Plan, unknownPlan } from '../../domain/plan.ts'
import { openRotation, type ResourceState, wokenAt, wokenWhenNeeded } from '../../domain/resource-state.ts'
import { nextRotationAfterPlanChange } from '../../domain/schedule.ts'
import { formatTokenLife, tooManyKeys } from '../../domain/token-life.ts'
import { lockPrivateLink } from '../../store/private-links.ts'
import { type Resource, setPlan } from '../../store/resources.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

export type ChangePlanOutcome = { outcome: 'plan-changed' | 'same-plan'; resourceId: string; plan: string }

/**
 * Puts a resource on another plan. The present key's age counts on the new plan, so a shorter period may make it due
 * at once; a rotation under way is left to finish and takes the new period from there.
 * Throws `unknown-resource` or `resource-gone`; `unknown-plan`, also for a plan without a space where the add-on has an own
 * key or a private link; `invalid-option` where the plan rotates too often for the keys that a stated token life takes:
 * Heroku shows the sum to the customer, who states another life first.
 */
export async function changePlan(
  deps: Deps,
  request: { resourceId: string; plan: string },
): Promise<ChangePlanOutcome> {
  const { resourceId } = request
  const now = deps.now()
  const plan = findPlan(deps.settings.plans, request.plan)
  const outcome = await changeResource(deps, { resourceId }, async ({ resource, stored }, trx) => {
    // Whatever is offered today: it was accepted when it was made.
    if (resource.plan === request.plan) return { outcome: 'same-plan' as const }
    if (!plan) throw unknownPlan(deps.settings.plans, request.plan)
    if (resource.dek?.ownKey && isClosed(resource.dek.ownKey)) throw suspended()
    if (!plan.space && resource.dek && isOwnKey(resource.dek.kekId)) throw needsSpace(deps.settings.plans)
    if (!plan.space && (await lockPrivateLink(trx, resourceId))) throw needsSpaceForLink(deps.settings.plans)
    const { state } = stored
    const problem = tooManyKeys(
      { ...state, grace: resource.grace, periodMs: plan.periodMs },
      deps.settings.plans,
    )
    if (problem) throw lifeTooLong(state.tokenLifeMs, problem)
    await setPlan(trx, resourceId, plan)
    const details = { from: resource.plan, to: plan.name }
    return {
      outcome: 'plan-changed' as const,
      to: withMovedDueDate(state, resource, plan.periodMs, now),
      events: [{ at: now, kind: 'plan-changed', actor: { type: 'heroku' }, details }],
    }
  })
  deps.log.info({ resourceId, plan: request.plan, outcome }, 'plan change')
  return { outcome, resourceId, plan: request.plan }
}

/** Heroku shows the message of a 422 to the customer. */
function suspended(): SecurekeyError {
  return new SecurekeyError(
    'unknown-plan',
    'This add-on is suspended, because AWS no longer lets us use the encryption key that you brought. Its plan can be changed when that key works again.',
  )
}

/** A customer's own key stays: there is no way back to ours. */
function needsSpace(plans: readonly Plan[]): SecurekeyError {
  return new SecurekeyError(
    'unknown-plan',
    `This add-on is encrypted by a key of your own, which needs a private or shield plan.${plansOfSpaces(plans)}`,
  )
}

/** Its customer takes the link away first: nobody's endpoints end by a change of the plan. */
function needsSpaceForLink(plans: readonly Plan[]): SecurekeyError {
  return new SecurekeyError(
    'unknown-plan',
    `This add-on is reached by PrivateLink, which needs a private or shield plan.${plansOfSpaces(plans)} For any other plan destroy the link first, and wait until it is gone.`,
  )
}

function plansOfSpaces(plans: readonly Plan[]): string {
  const offered = plans.flatMap(({ name, space }) => (space ? [name] : []))
  return offered.length > 0 ? ` Choose one of: ${offered.join(', ')}.` : ''
}

/** Heroku shows the message. */
function lifeTooLong(tokenLifeMs: number | null, problem: string): SecurekeyError {
  const life = formatTokenLife(tokenLifeMs)
  return new SecurekeyError(
    'invalid-option',
    `What your apps sign may live for ${life} (the option --token-life). On that plan it ${problem}. To change the plan all the same, state a shorter life first: heroku securekey:token-life`,
  )
}

function withMovedDueDate(
  state: ResourceState,
  resource: Resource,
  newPeriodMs: number,
  now: Date,
): ResourceState {
  if (state.rotation) return state
  const next = nextRotationAfterPlanChange(state, resource.periodMs, newPeriodMs, now)
  const waits = isPaused(state.pause, now) || !isOpen(state.calendar, now) || waitsForRoom(state, next, now)
  if (next > now || waits) {
    return wokenWhenNeeded({ ...state, nextRotationAt: next }, resource.grace, now)
  }
  const intent = { reason: 'plan-change', dueAt: now, openedBy: { type: 'heroku' } } as const
  return wokenAt(openRotation(state, intent, now), now, now)
}
