import { ROTATION_ENDS } from '../../src/domain/history.ts'
import { keyDigest } from '../../src/domain/key.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { KEY_EVENTS, keyLives } from '../../src/flows/key-lives.ts'
import { createResourceInsert } from '../../src/flows/provisioning/insert-resource.ts'
import { provision } from '../../src/flows/provisioning/provision.ts'
import type { ProvisionRequest } from '../../src/flows/provisioning/provision-request.ts'
import { verifyKey } from '../../src/flows/verify-key.ts'
import { listHistory } from '../../src/store/history.ts'
import { findState } from '../../src/store/keysets.ts'
import { findKeys } from '../../src/store/sealed-keys.ts'
import { callsTo } from './addon.ts'
import type { Harness } from './harness.ts'

/** The exchanges and refreshes that Heroku has received. */
export function tokenCalls(
  harness: Pick<Harness, 'heroku'>,
  grantType: 'authorization_code' | 'refresh_token',
) {
  return callsTo(harness, 'POST', '/oauth/token').filter((call) => call.grantType === grantType)
}

/** The history of a resource, oldest first. */
export async function historyOf(deps: Pick<Deps, 'db'>, resourceId: string) {
  return (await listHistory(deps.db, resourceId, { limit: 500 })).toReversed()
}

/** What happened to a resource, oldest first. */
export async function kindsOf(deps: Pick<Deps, 'db'>, resourceId: string): Promise<string[]> {
  return (await historyOf(deps, resourceId)).map(({ kind }) => kind)
}

/** The lives of all versions, newest first. */
export async function livesOf(deps: Pick<Deps, 'db'>, resourceId: string) {
  const events = await listHistory(deps.db, resourceId, { limit: 1_000, kinds: KEY_EVENTS })
  const state = (await findState(deps.db, resourceId))?.state
  return keyLives(state, await findKeys(deps.db, resourceId), events)
}

/** Stages by version, for example `{ 1: 'retired', 2: 'previous', 3: 'current' }`. */
export async function stagesOf(deps: Pick<Deps, 'db'>, resourceId: string) {
  const lives = await livesOf(deps, resourceId)
  return Object.fromEntries(lives.toReversed().map(({ version, stage }) => [version, stage]))
}

/** The state of a live resource. */
export async function stateOf(deps: Pick<Deps, 'db'>, resourceId: string) {
  const stored = await findState(deps.db, resourceId)
  if (!stored) throw new Error('the resource has no state')
  return stored.state
}

/** The rotations of a resource that have ended, oldest first. */
export async function endedRotations(deps: Pick<Deps, 'db'>, resourceId: string) {
  return (await listHistory(deps.db, resourceId, { limit: 500, kinds: ROTATION_ENDS })).toReversed()
}

/** What a key is to a resource. */
export async function verify(deps: Pick<Deps, 'db' | 'now'>, resourceId: string, key: string) {
  return await verifyKey(deps, { resourceId, digest: keyDigest(key).toString('hex') })
}

/** Whether a signature made with that key passes. */
export async function accepts(
  deps: Pick<Deps, 'db' | 'now'>,
  resourceId: string,
  key: string,
): Promise<boolean> {
  const { outcome } = await verify(deps, resourceId, key)
  return ['current', 'pending', 'next', 'previous'].includes(outcome)
}

/** Provisions as the web process does. */
export async function provisionResource(deps: Deps, request: ProvisionRequest) {
  return await provision(deps, createResourceInsert(deps), request)
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
