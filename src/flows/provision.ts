import { secureKeyValue } from '../domain/config-vars.ts'
import { SecurekeyError } from '../domain/errors.ts'
import { formatGracePeriod, type GracePeriod, parseGracePeriod } from '../domain/grace.ts'
import { grantDigest } from '../domain/grant.ts'
import { findPlan, unknownPlan } from '../domain/plan.ts'
import { nextRotationAt } from '../domain/schedule.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import { liveKeysOf } from '../store/key-versions.ts'
import { type NewGrant, offerGrant } from '../store/oauth-grants.ts'
import { findResource, insertResource } from '../store/resources.ts'
import type { Deps } from './deps.ts'
import { makeKey } from './make-key.ts'
import { openCurrentPair } from './open-keys.ts'

export type ProvisionRequest = {
  resourceId: string
  name: string | null
  plan: string
  region: string | null
  options: Readonly<Record<string, unknown>>
  grant: { code: string; expiresAt: Date } | null
  logInputUrl: string | null
}

export type ProvisionOutcome = {
  outcome: 'provisioned' | 'already-provisioned'
  resourceId: string
  /** Config vars by manifest name, as the provision answer holds them (Add-on Partner API Reference). */
  config: Record<string, string>
}

/** The process that took the request exchanges the grant at once; others take over when this time has passed. */
const GRANT_HEAD_START_MS = 15_000

/**
 * Makes a resource with two fresh keys, once per id: a repeated or parallel request is answered with the same keys.
 * Waits for nothing but Postgres. Throws `unknown-plan`, `invalid-option`, or `resource-gone` after deprovision.
 */
export async function provision(deps: Deps, request: ProvisionRequest): Promise<ProvisionOutcome> {
  const plan = findPlan(deps.settings.plans, request.plan)
  if (!plan) throw unknownPlan(deps.settings.plans, request.plan)
  const grace = graceOption(deps, request.options.grace)
  const now = deps.now()
  const { resourceId } = request
  const { sealer, wrappedDek } = await deps.sealing.forNewResource(resourceId)
  const [first, second, grant, sealedLogInputUrl] = await Promise.all([
    makeKey(deps, sealer, { resourceId, version: 2, stage: 'current', filler: false }),
    // Nobody has signed with it, so it is a filler; it stands there since consumers expect two keys from the start.
    makeKey(deps, sealer, { resourceId, version: 1, stage: 'previous', filler: true }),
    sealGrant(sealer, request.grant, now),
    request.logInputUrl === null ? null : sealer.seal('sealed_log_input_url', request.logInputUrl),
  ])
  const inserted = await insertResource(
    deps.db,
    {
      id: resourceId,
      name: request.name,
      plan: plan.name,
      region: request.region,
      periodMs: plan.periodMs,
      grace,
      wrappedDek,
      sealedLogInputUrl,
      keys: [second.key, first.key],
      grant,
      nextRotationAt: nextRotationAt(now, plan.periodMs, now),
      audit: {
        resourceId,
        at: now,
        actor: { type: 'heroku' },
        action: 'resource-provisioned',
        version: first.key.version,
        fingerprint: first.key.fingerprint,
        details: { plan: plan.name, gracePeriod: formatGracePeriod(grace) },
      },
    },
    now,
  )
  if (!inserted) return await repeatedProvision(deps, request)
  deps.log.info({ resourceId, plan: plan.name }, 'resource provisioned')
  return answer(deps, 'provisioned', resourceId, secureKeyValue(first.text, second.text))
}

async function repeatedProvision(deps: Deps, request: ProvisionRequest): Promise<ProvisionOutcome> {
  const { resourceId } = request
  const resource = await findResource(deps.db, resourceId)
  if (!resource?.wrappedDek) {
    throw new SecurekeyError('resource-gone', 'This add-on was deprovisioned and cannot be created again.')
  }
  const sealer = await deps.sealing.forResource(resourceId, resource.wrappedDek)
  const now = deps.now()
  const grant = await sealGrant(sealer, request.grant, now)
  if (grant) await offerGrant(deps.db, resourceId, grant)
  const keys = (await liveKeysOf(deps.db, [resourceId])).get(resourceId)
  // Deprovisioned between the two reads.
  if (!keys) throw new SecurekeyError('resource-gone', 'This add-on was just deprovisioned.')
  deps.log.info({ resourceId }, 'provision repeated')
  return answer(deps, 'already-provisioned', resourceId, await openCurrentPair(sealer, keys))
}

function answer(
  deps: Deps,
  outcome: ProvisionOutcome['outcome'],
  resourceId: string,
  value: string,
): ProvisionOutcome {
  return { outcome, resourceId, config: { [deps.settings.configVar]: value } }
}

async function sealGrant(
  sealer: ResourceSealer,
  grant: ProvisionRequest['grant'],
  now: Date,
): Promise<NewGrant | null> {
  if (!grant) return null
  return {
    sealedCode: await sealer.seal('sealed_code', grant.code),
    codeDigest: grantDigest(grant.code),
    expiresAt: grant.expiresAt,
    wakeAt: new Date(now.getTime() + GRANT_HEAD_START_MS),
  }
}

/** Customers' flags arrive as strings, a bare flag as "true" (Add-on Parameter Handling). */
function graceOption(deps: Deps, option: unknown): GracePeriod {
  if (option === undefined || option === null) return deps.settings.defaultGrace
  const parsed = parseGracePeriod(typeof option === 'string' ? option : '', deps.settings.graceFloorMs)
  if ('grace' in parsed) return parsed.grace
  throw new SecurekeyError('invalid-option', `The option --grace ${parsed.problem}.`)
}
