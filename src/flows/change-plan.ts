import { SecurekeyError } from '../domain/errors.ts'
import { findPlan } from '../domain/plan.ts'
import { nextWakeAt } from '../domain/rotation.ts'
import { nextRotationAfterPlanChange } from '../domain/schedule.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import type { Db } from '../store/database.ts'
import { liveKeysOf } from '../store/key-versions.ts'
import { findResource, type Resource, setPlan } from '../store/resources.ts'
import { openRotations, unfinishedRotation } from '../store/rotations.ts'
import { findSchedule, reschedule, wakeNow } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import { unknownPlan } from './provision.ts'

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
  const { id, grace } = resource
  const schedule = await findSchedule(trx, id)
  const keyset = (await liveKeysOf(trx, [id])).get(id)
  if (!schedule || !keyset) throw new Error(`resource ${id} has no schedule or keys`)
  const next = nextRotationAfterPlanChange(schedule.nextRotationAt, resource.periodMs, newPeriodMs)
  if (next > now) {
    const wakeAt = nextWakeAt({ keyset, grace, nextRotationAt: next })
    await reschedule(trx, id, { nextRotationAt: next, wakeAt }, now)
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

/** The resource with its row locked, or the refusal that says why there is none. */
export async function liveResource(trx: Db, resourceId: string): Promise<Resource> {
  const resource = await findResource(trx, resourceId, { lock: true })
  if (!resource) throw new SecurekeyError('unknown-resource', 'There is no add-on of that id.')
  if (resource.state === 'deprovisioned') {
    throw new SecurekeyError('resource-gone', 'This add-on was deprovisioned.')
  }
  return resource
}
