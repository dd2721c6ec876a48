import { fingerprint } from '../../../src/domain/key.ts'
import { allKeysOf } from '../../../src/store/key-versions.ts'
import { listRotations } from '../../../src/store/rotations.ts'
import { findSchedule } from '../../../src/store/schedule.ts'
import type { Harness } from '../../support/harness.ts'

/** What is left when all is done: comparable between a run with a crash and one without. */
export type Aftermath = {
  keys: { version: number; stage: string; filler: boolean; revoked: boolean }[]
  rotations: { reason: string; state: string; dueIn: number }[]
  schedule: { nextIn: number; failures: number; claimed: boolean; waits: boolean } | null
  /** How often each change of state was written down. */
  trail: Record<string, number>
  tokens: boolean
  heroku: string
  published: string
}

/** What Heroku was sent, as pairs of versions, and which of it was sent although Heroku held it already. */
export type Pushes = { pairs: string[]; needless: string[] }

/** Dates are compared in steps of ten minutes from the start: a takeover costs less, a lost date far more. */
const DATE_STEP_MS = 600_000

/** Actions that a crash may add to or leave out: attempts and tokens, not keys. */
const NOT_COMPARED = new Set(['access-token-refreshed', 'rotation-attempt-failed'])

export async function aftermathOf(h: Harness, addonId: string, start: Date): Promise<Aftermath> {
  const { db } = h.deps
  const keys = await allKeysOf(db, addonId)
  const rotations = await listRotations(db, addonId, { limit: 100 })
  const schedule = await findSchedule(db, addonId)
  const trail = await db
    .selectFrom('audit_events')
    .select('action')
    .where('resource_id', '=', addonId)
    .execute()
  const tokens = await db
    .selectFrom('oauth_tokens')
    .select('refreshing_until')
    .where('resource_id', '=', addonId)
    .execute()
  const inSteps = (date: Date) => Math.round((date.getTime() - start.getTime()) / DATE_STEP_MS)
  const counts: Record<string, number> = {}
  for (const { action } of trail) {
    if (!NOT_COMPARED.has(action)) counts[action] = (counts[action] ?? 0) + 1
  }
  const current = keys.find(({ stage }) => stage === 'current')
  const previous = keys.filter(({ stage }) => stage === 'previous').at(-1)
  return {
    keys: keys.map(({ version, stage, filler, revokedAt }) => ({
      version,
      stage,
      filler,
      revoked: revokedAt !== null,
    })),
    rotations: rotations.map(({ reason, state, dueAt }) => ({ reason, state, dueIn: inSteps(dueAt) })),
    schedule: schedule
      ? {
          nextIn: inSteps(schedule.nextRotationAt),
          failures: schedule.failures,
          claimed: schedule.claimedUntil !== null,
          waits: schedule.wakeAt !== null && schedule.wakeAt > h.clock.now(),
        }
      : null,
    trail: counts,
    tokens: tokens.some((row) => row.refreshing_until === null),
    heroku: await versionsIn(h, addonId, h.heroku.view.addon(addonId).config.SECURE_KEY ?? ''),
    published: `${current?.version},${previous?.version}`,
  }
}

/** The pushes of an add-on from the `skip`th on, when Heroku held the value `before`. */
export async function pushesOf(h: Harness, addonId: string, before: string, skip = 0): Promise<Pushes> {
  const pushes: Pushes = { pairs: [], needless: [] }
  let held = before
  for (const { config, applied } of pushCalls(h, addonId).slice(skip)) {
    const value = config?.SECURE_KEY ?? ''
    const pair = await versionsIn(h, addonId, value)
    pushes.pairs.push(pair)
    if (value === held) pushes.needless.push(pair)
    if (applied) held = value
  }
  return pushes
}

export function pushCalls(h: Pick<Harness, 'heroku'>, addonId: string) {
  return h.heroku.view
    .apiCalls()
    .filter((call) => call.addonId === addonId && call.method === 'PATCH' && call.path.endsWith('/config'))
}

/** A config value as the versions of its keys, for example `3,2`; erased ones are still known by their fingerprint. */
async function versionsIn(h: Harness, addonId: string, value: string): Promise<string> {
  const keys = await allKeysOf(h.deps.db, addonId)
  const versionOf = (key: string) => keys.find((known) => known.fingerprint === fingerprint(key))?.version
  return value
    .split(',')
    .map((key) => versionOf(key) ?? `unknown (${key.length} characters)`)
    .join(',')
}
