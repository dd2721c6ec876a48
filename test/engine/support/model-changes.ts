import { SecurekeyError } from '../../../src/domain/errors.ts'
import type { GracePeriod } from '../../../src/domain/grace.ts'
import { revokeKeys } from '../../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../../src/flows/dashboard/set-grace-period.ts'
import { setTokenLife } from '../../../src/flows/dashboard/set-token-life.ts'
import { DAY, HOUR } from '../../support/harness.ts'
import { livesOf, stateOf } from '../../support/resource.ts'
import { pushCalls } from './aftermath.ts'
import { ACTOR } from './model-command.ts'
import { type ModelWorld, OWNER } from './model-world.ts'

/** A revoke, and what it promises. */
export async function revoke({ h, promises }: ModelWorld, addonId: string): Promise<void> {
  const sent = pushCalls(h, addonId).flatMap(({ config }) => config?.SECURE_KEY?.split(',') ?? [])
  const { outcome } = await revokeKeys(h.deps, { resourceId: addonId, actor: ACTOR })
  // One that joins a revoke under way leaves the keys alone that this one has just made.
  if (outcome !== 'requested') return
  const { keyset } = await stateOf(h.deps, addonId)
  const lives = await livesOf(h.deps, addonId)
  const existing = lives.filter(({ version }) => version <= keyset.revokedTo)
  promises.revoked(
    sent,
    existing.map((life) => life.fingerprint),
  )
}

/** Another grace period, and what it promises. */
export async function setGrace(world: ModelWorld, resourceId: string, hours: number | null): Promise<void> {
  const { h } = world
  const grace: GracePeriod =
    hours === null ? { until: 'next-rotation' } : { until: 'elapsed', ms: hours * HOUR }
  const set = setGracePeriod(h.deps, { resourceId, actor: ACTOR, grace })
  if ((await unlessRefused(set)) === 'refused') return
  world.grace = grace
  world.promises.graceChanged(h.clock.now(), world.grace, h.deps.settings.graceFloorMs)
}

/** The longest thing that apps sign lives for so long; one that is stated is only lengthened. */
export async function stateLife(world: ModelWorld, resourceId: string, days: number): Promise<void> {
  const tokenLifeMs = days * DAY
  if (tokenLifeMs < world.lifeMs) return
  const set = setTokenLife(world.h.deps, { resourceId, actor: ACTOR, tokenLifeMs })
  if ((await unlessRefused(set)) !== 'refused') world.lifeMs = tokenLifeMs
}

/** What a stated life has no room for is refused, and nothing is changed. */
export async function unlessRefused<T>(change: Promise<T>): Promise<T | 'refused'> {
  try {
    return await change
  } catch (error) {
    if (error instanceof SecurekeyError && error.code === 'invalid-option') return 'refused'
    throw error
  }
}

/** The owner goes back to the pair of before. To one of an add-on that was removed he cannot go back. */
export async function rollBack({ h, firstRelease }: ModelWorld): Promise<void> {
  const releases = h.heroku.view
    .releases(OWNER)
    .filter(({ config, version }) => 'SECURE_KEY' in config && version >= firstRelease)
  const version = releases.at(-2)?.version
  if (version !== undefined) await h.heroku.customer.rollback(OWNER, version)
}

/** The add-on is removed; its history stays. */
export async function destroy(world: ModelWorld, addon: string): Promise<void> {
  await world.h.heroku.customer.destroy({ addon })
  world.formerIds.push(addon)
  world.addonId = undefined
}
