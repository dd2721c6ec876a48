import { isPaused } from '../domain/pause.ts'
import { findPlan, unknownPlan } from '../domain/plan.ts'
import { nextRotationAfterPlanChange } from '../domain/schedule.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import type { Db } from '../store/database.ts'
import { type Resource, setPlan } from '../store/resources.ts'
import { openRotations, unfinishedRotation } from '../store/rotations.ts'
import { findSchedule, setDates, wakeNow } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import { liveResource, wakeWhenNeeded } from './live-resource.ts'

export type ChangePlanOutcome = { outcome: 'plan-changed' | 'same-plan'; resourceId: string; plan: string }

/**
 * Puts a resource on another plan. The present key's age counts on the new plan, so a shorter period may make it due
 * at once; a rotation under way is left to finish and takes the new period from there.
 * Throws `unknown-plan`, `unknown-resource`, or `resource-gone`.
 */
export async function changePlan(
  deps: Deps,
  request: { resourceId: string; plan: string },
): Promise<ChangePlanOutcome> {
  const { resourceId } = request
  const now = deps.now()
  const plan = findPlan(deps.settings.plans, request.plan)
  const outcome = await deps.db.transaction().execute(async (trx): Promise<ChangePlanOutcome['outcome']> => {
    const resource = await liveResource(trx, resourceId)
    if (!plan) throw unknownPlan(deps.settings.plans, request.plan)
    if (resource.plan === plan.name) return 'same-plan'
    await setPlan(trx, resourceId, plan)
    await insertAuditEvents(trx, [
      {
        resourceId,
        at: now,
        actor: { type: 'heroku' },
        action: 'plan-changed',
        details: { from: resource.plan, to: plan.name },
      },
    ])
    if (!(await unfinishedRotation(trx, resourceId))) {
      await moveDueDate(trx, resource, plan.periodMs, now)
    }
    return 'plan-changed'
  })
  deps.log.info({ resourceId, plan: request.plan, outcome }, 'plan change')
  return { outcome, resourceId, plan: request.plan }
}

async function moveDueDate(trx: Db, resource: Resource, newPeriodMs: number, now: Date): Promise<void> {
  const { id } = resource
  const schedule = await findSchedule(trx, id)
  if (!schedule) throw new Error(`resource ${id} has no schedule`)
  const { pause } = schedule
  const next = nextRotationAfterPlanChange(schedule.nextRotationAt, resource.periodMs, newPeriodMs)
  if (next > now || isPaused(pause, now)) {
    await setDates(trx, id, { nextRotationAt: next, pause })
    await wakeWhenNeeded(trx, id, now)
    return
  }
  const openedBy = { type: 'heroku' } as const
  await openRotations(
    trx,
    [{ resourceId: id, reason: 'plan-change', dueAt: now, openedBy, pendingVersion: null }],
    now,
  )
  await wakeNow(trx, id, now)
}
