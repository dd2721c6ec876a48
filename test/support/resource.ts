import type { Deps } from '../../src/flows/deps.ts'
import type { ProvisionRequest } from '../../src/flows/provision.ts'
import { listAuditEvents } from '../../src/store/audit-events.ts'
import { allKeysOf } from '../../src/store/key-versions.ts'
import { listRotations } from '../../src/store/rotations.ts'
import { findSchedule } from '../../src/store/schedule.ts'
import { callsTo } from './addon.ts'
import type { Harness } from './harness.ts'

/** The exchanges and refreshes that Heroku has received. */
export function tokenCalls(
  harness: Pick<Harness, 'heroku'>,
  grantType: 'authorization_code' | 'refresh_token',
) {
  return callsTo(harness, 'POST', '/oauth/token').filter((call) => call.grantType === grantType)
}

/** The audit trail of a resource, oldest first. */
export async function auditTrail(deps: Pick<Deps, 'db'>, resourceId: string) {
  return (await listAuditEvents(deps.db, resourceId, { limit: 500 })).toReversed()
}

export async function auditActions(deps: Pick<Deps, 'db'>, resourceId: string): Promise<string[]> {
  return (await auditTrail(deps, resourceId)).map(({ action }) => action)
}

/** Stages by version, for example `{ 1: 'retired', 2: 'previous', 3: 'current' }`. */
export async function stagesOf(deps: Pick<Deps, 'db'>, resourceId: string) {
  const keys = await allKeysOf(deps.db, resourceId)
  return Object.fromEntries(keys.map(({ version, stage }) => [version, stage]))
}

/** The newest rotation of a resource. */
export async function lastRotation(deps: Pick<Deps, 'db'>, resourceId: string) {
  const [rotation] = await listRotations(deps.db, resourceId, { limit: 1 })
  if (!rotation) throw new Error('the resource never had a rotation')
  return rotation
}

/** The schedule of a live resource. */
export async function scheduleOf(deps: Pick<Deps, 'db'>, resourceId: string) {
  const schedule = await findSchedule(deps.db, resourceId)
  if (!schedule) throw new Error('the resource has no schedule')
  return schedule
}

/** A uuid with the given number at its end. */
export function uuid(number: number): string {
  return `01234567-89ab-4cde-8f01-${number.toString(16).padStart(12, '0')}`
}

/** A request to provision, for tests that need no Heroku. */
export function provisionRequest(more: Partial<ProvisionRequest> = {}): ProvisionRequest {
  return {
    resourceId: uuid(1),
    name: 'securekey-solid-14332',
    plan: 'fortnightly',
    region: 'amazon-web-services::us-east-1',
    options: {},
    grant: null,
    logInputUrl: null,
    ...more,
  }
}
