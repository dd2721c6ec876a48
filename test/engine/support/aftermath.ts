import { fingerprint } from '../../../local/key-pair.ts'
import { type Keyset, publishedPair } from '../../../src/domain/keyset.ts'
import { findState } from '../../../src/store/keysets.ts'
import type { Harness } from '../../support/harness.ts'
import { historyOf, livesOf } from '../../support/resource.ts'
import { announcedKey } from './announced.ts'
import { type LivedRotation, rotationsOf } from './lived-rotations.ts'

/** What is left when all is done: comparable between a run with a crash and one without. */
export type Aftermath = {
  keys: { version: number; stage: string; filler: boolean; revoked: boolean }[]
  rotations: { reason: string; end: LivedRotation['end']; dueIn: number }[]
  schedule: { nextIn: number; attempts: number; claimed: boolean; waits: boolean } | null
  /** How often each thing was written down. */
  trail: Record<string, number>
  tokens: boolean
  heroku: string
  published: string | null
}

/** What Heroku was sent, as pairs of versions, and which of it was sent although Heroku held it already. */
export type Pushes = { pairs: string[]; needless: string[] }

/** Dates are compared in steps of ten minutes from the start: a takeover costs less, a lost date far more. */
const DATE_STEP_MS = 600_000

/** What a crash may add to or leave out: it concerns tokens, not keys. */
const NOT_COMPARED = new Set(['access-token-refreshed'])

export async function aftermathOf(h: Harness, addonId: string, start: Date): Promise<Aftermath> {
  const { db } = h.deps
  const lives = await livesOf(h.deps, addonId)
  const rotations = await rotationsOf(h.deps, addonId)
  const state = (await findState(db, addonId))?.state
  const tokens = await db
    .selectFrom('oauth_tokens')
    .select('refreshing_until')
    .where('resource_id', '=', addonId)
    .execute()
  const inSteps = (date: Date) => Math.round((date.getTime() - start.getTime()) / DATE_STEP_MS)
  const trail: Record<string, number> = {}
  for (const { kind } of await historyOf(h.deps, addonId)) {
    if (!NOT_COMPARED.has(kind)) trail[kind] = (trail[kind] ?? 0) + 1
  }
  return {
    keys: lives.map(({ version, stage, filler, revokedAt }) => ({
      version,
      stage,
      filler,
      revoked: revokedAt !== null,
    })),
    rotations: rotations.map(({ reason, end, dueAt }) => ({ reason, end, dueIn: inSteps(dueAt) })),
    schedule: state
      ? {
          nextIn: inSteps(state.nextRotationAt),
          attempts: state.attempts,
          claimed: state.claimedUntil !== null,
          waits: state.wakeAt !== null && state.wakeAt > h.clock.now(),
        }
      : null,
    trail,
    tokens: tokens.some((row) => row.refreshing_until === null),
    heroku: await versionsIn(h, addonId, h.heroku.view.addon(addonId).config),
    published: state ? publishedWords(state.keyset) : null,
  }
}

/** The pushes of an add-on from the `skip`th on, when Heroku held the config `before`. */
export async function pushesOf(h: Harness, addonId: string, before: Config, skip = 0): Promise<Pushes> {
  const pushes: Pushes = { pairs: [], needless: [] }
  let held = keysIn(before)
  for (const { config = {}, applied } of pushCalls(h, addonId).slice(skip)) {
    const keys = keysIn(config ?? {})
    const pair = await versionsIn(h, addonId, config ?? {})
    pushes.pairs.push(pair)
    if (keys.join() === held.join()) pushes.needless.push(pair)
    if (applied) held = keys
  }
  return pushes
}

type Config = Readonly<Record<string, string | null>>

/** The keys that a config holds: those of the pair, and the next one, where it is announced. */
function keysIn(config: Config): string[] {
  const next = announcedKey(config.SECURE_KEYRING)
  return [...(config.SECURE_KEY ?? '').split(','), ...(next === undefined ? [] : [next])]
}

function publishedWords(keyset: Keyset): string {
  const { first, second, next } = publishedPair(keyset)
  return [first, second, ...(next === null ? [] : [next])].join(',')
}

export function pushCalls(h: Pick<Harness, 'heroku'>, addonId: string) {
  return h.heroku.view.apiCalls().filter(({ addonId: id, method, path }) => {
    const isPush =
      method === 'PATCH' ? path.endsWith('/config') : method === 'PUT' && path.startsWith('/vendor/')
    return id === addonId && isPush
  })
}

/** A config as the versions of its keys, for example `3,2` or `3,2,4`; erased ones are known by their fingerprint. */
async function versionsIn(h: Harness, addonId: string, config: Config): Promise<string> {
  const lives = await livesOf(h.deps, addonId)
  const versionOf = (key: string) => lives.find((known) => known.fingerprint === fingerprint(key))?.version
  return keysIn(config)
    .map((key) => versionOf(key) ?? `unknown (${key.length} characters)`)
    .join(',')
}
