import type { SecurekeyError } from '../../domain/errors.ts'
import type { GracePeriod } from '../../domain/grace.ts'
import { grantDigest } from '../../domain/grant.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { keyFromBytes } from '../../domain/key.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import type { WrappedDek } from '../../domain/wrapped-dek.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import { type Db, serviceNow } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import { lockState } from '../../store/keysets.ts'
import { type ClaimedGrant, FIRST_GRANT_FENCE, type NewGrant, offerGrant } from '../../store/oauth-grants.ts'
import { tellOfRepeat } from '../../store/provision-repeats.ts'
import { findResource, type NewResource, type Resource } from '../../store/resources.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { gone } from '../change-resource.ts'
import { configVarsOf } from '../config-vars-of.ts'
import type { Deps } from '../deps.ts'
import { readForkCode } from '../fork/fork-codes.ts'
import type { InsertResource } from './insert-resource.ts'
import { judge } from './judge.ts'
import { type FirstKeys, freshKeys, type Making, newResource } from './new-resource.ts'
import { notConfirmed, notNow } from './not-now.ts'
import type { ProvisionRequest } from './provision-request.ts'
import { sealUnderOwnKey } from './seal-under-own-key.ts'
import { noSuchCode, takeOverKeys } from './take-over-keys.ts'

export type ProvisionOutcome = {
  outcome: 'provisioned' | 'already-provisioned'
  resourceId: string
  /**
   * Config vars by manifest name, as the provision answer holds them (Add-on Partner API Reference). Empty: the request was
   * repeated when Heroku repeats none any more, and whoever knows the password and an id must not learn keys by it.
   */
  config: Record<string, string>
  /** The stored grant code, claimed for whoever provisioned; null when none was taken. */
  grant: ClaimedGrant | null
}

/** Heroku repeats a request for so long at the most (Add-on Partner API Reference). */
const REPEATED_FOR_MS = 24 * 3_600_000
/** A history tells of repeats once in so long, so that nobody floods it. */
const TOLD_EVERY_MS = 60_000
const MOST_TRIES = 3
/** The process that took the request exchanges the grant at once; others take over when this time has passed. */
const GRANT_HEAD_START_MS = 15_000

/**
 * Makes a resource, once per id: with two fresh keys, and the next one where it is to be announced, or with the keys of the
 * add-on of which the request brings a code. A repeated or parallel request is answered with the keys of the present, and
 * after 24 hours without any, whatever the settings have become since the first. Each repeat leaves a trace in the history.
 * Waits for nothing but Postgres, and for AWS KMS where the customer brings a key. Throws `unknown-plan`, `invalid-option`,
 * `resource-gone` after deprovision, `not-confirmed` in a copy of the database, or `not-now` unless `mayProvision`: a process
 * that is wrong about the time would write wrong dates.
 */
export async function provision(
  deps: Deps,
  insert: InsertResource,
  request: ProvisionRequest,
  mayProvision: () => Promise<boolean> = async () => true,
): Promise<ProvisionOutcome> {
  const { differs, epoch } = await deps.installation.lookNow()
  if (differs.length > 0) throw notConfirmed()
  const judged = (await mayProvision()) ? judge(deps, request) : { refusal: notNow() }
  if ('refusal' in judged) {
    // What was accepted is not judged again.
    if (await findResource(deps.db, request.resourceId)) return await repeatedProvision(deps, request)
    throw judged.refusal
  }
  const { plan, options } = judged
  const now = deps.now()
  const { resourceId } = request
  // A customer's key costs calls to AWS, and a repeat has none of its own to make.
  if (options.ownKey && (await findResource(deps.db, resourceId))) {
    return await repeatedProvision(deps, request)
  }
  // Before AWS is asked: a code that is none costs nothing.
  const code = options.fork && (await readForkCode(deps, options.fork.code))
  if (options.fork && !code) return await repeatedOr(deps, request, noSuchCode())
  const { sealer, dek } = options.ownKey
    ? await sealUnderOwnKey(deps, resourceId, options.ownKey.arn)
    : await deps.sealing.forNewResource(resourceId)
  const grant = sealGrant(sealer, request.grant)
  const sealedLogInputUrl = await sealLogInputUrl(deps, request, dek)
  const making = { request, plan, options, sealer, dek, sealedLogInputUrl, grant, epoch, now }
  const made = code ? await takeOverKeys(deps, making, code) : await makeKeys(deps, insert, making)
  if (!made) return await repeatedProvision(deps, request)
  if (made === 'no-code') return await repeatedOr(deps, request, noSuchCode())
  deps.log.event({ resourceId, plan: plan.name }, 'resource provisioned')
  const { state, grace, keys } = made
  return {
    outcome: 'provisioned',
    resourceId,
    config: configOf(deps, { resourceId, grace, periodMs: plan.periodMs }, state, textOfMade),
    grant: grant && { ...grant, resourceId, fence: FIRST_GRANT_FENCE, dek },
  }

  function textOfMade(version: number): string {
    const text = keys.find(({ key }) => key.version === version)?.text
    if (text === undefined) throw new Error(`key version ${version} was not made`)
    return text
  }
}

async function makeKeys(
  deps: Deps,
  insert: InsertResource,
  making: Making,
): Promise<(FirstKeys & { grace: GracePeriod }) | undefined> {
  const made = freshKeys(deps, making)
  const inserted = await insert(newResource(deps, making, made))
  return inserted ? { ...made, grace: making.options.grace } : undefined
}

/** A request that is repeated while the first one uses up what it brings. */
async function repeatedOr(
  deps: Deps,
  request: ProvisionRequest,
  refusal: SecurekeyError,
): Promise<ProvisionOutcome> {
  if (await findResource(deps.db, request.resourceId)) return await repeatedProvision(deps, request)
  throw refusal
}

async function repeatedProvision(
  deps: Deps,
  request: ProvisionRequest,
  triesLeft = MOST_TRIES,
): Promise<ProvisionOutcome> {
  const { resourceId } = request
  // Every process reads this clock: one that is wrong about the time must not hand out keys for longer.
  const now = await serviceNow(deps.db)
  const { dek, createdAt } = await presentResource(deps.db, resourceId)
  const sealer = await deps.sealing.forResource(resourceId, dek)
  const grant = sealGrant(sealer, request.grant)
  const found = await deps.db.transaction().execute(async (trx) => {
    const stored = await lockState(trx, resourceId)
    const present = await presentResource(trx, resourceId)
    // Under the lock: what is read and stored here is sealed by the data key that was opened above.
    if (!stored || !present.dek.wrapped.equals(dek.wrapped)) return undefined
    const fence = grant ? await offerGrant(trx, resourceId, grant) : undefined
    if (await tellOfRepeat(trx, resourceId, { now, before: new Date(now.getTime() - TOLD_EVERY_MS) })) {
      const event: HistoryEvent = { at: now, kind: 'provision-repeated', actor: { type: 'heroku' } }
      await recordEvents(trx, [{ resourceId, events: [event] }])
    }
    return { state: stored.state, keys: await findKeys(trx, resourceId), fence, present }
  })
  if (!found) {
    // Its data key was replaced between the two looks: as good as never, and the next look finds it at rest.
    if (triesLeft > 1) return await repeatedProvision(deps, request, triesLeft - 1)
    throw new Error(`the keys of resource ${resourceId} cannot be read`)
  }
  const { keys, fence, present } = found
  deps.log.info({ resourceId }, 'provision repeated')
  const isRepeatable = now.getTime() - createdAt.getTime() < REPEATED_FOR_MS
  return {
    outcome: 'already-provisioned',
    resourceId,
    config: isRepeatable ? configOf(deps, { ...present, resourceId }, found.state, textOf) : {},
    grant: grant && fence !== undefined ? { ...grant, resourceId, fence, dek } : null,
  }

  function textOf(version: number): string {
    const key = keys.find((each) => each.version === version)
    if (!key) throw new Error(`key version ${version} is not stored`)
    return keyFromBytes(sealer.openKey(version, key.sealed))
  }
}

/** The live resource of that id. Throws `resource-gone`. */
async function presentResource(db: Db, resourceId: string): Promise<Resource & { dek: WrappedDek }> {
  const resource = await findResource(db, resourceId)
  if (!resource?.dek) throw gone('This add-on was deprovisioned and cannot be created again.')
  return { ...resource, dek: resource.dek }
}

/** Both config vars by their names, as the provision answer has them. */
function configOf(
  deps: Deps,
  subject: Parameters<typeof configVarsOf>[1],
  state: ResourceState,
  textOf: (version: number) => string,
): Record<string, string> {
  const { pair, keyring } = configVarsOf(deps, subject, state, textOf)
  return { [deps.settings.configVar]: pair, [deps.settings.keyringVar]: keyring }
}

async function sealLogInputUrl(
  deps: Deps,
  { resourceId, logInputUrl }: ProvisionRequest,
  dek: WrappedDek,
): Promise<NewResource['sealedLogInputUrl']> {
  if (logInputUrl === null) return null
  const sealer = await deps.sealing.forNotices(resourceId, dek)
  return sealer.seal('sealed_log_input_url', logInputUrl)
}

function sealGrant(sealer: ResourceSealer, grant: ProvisionRequest['grant']): NewGrant | null {
  if (!grant) return null
  return {
    sealedCode: sealer.seal('sealed_code', grant.code),
    codeDigest: grantDigest(grant.code),
    expiresAt: grant.expiresAt,
    headStartMs: GRANT_HEAD_START_MS,
  }
}
