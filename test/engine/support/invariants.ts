import assert from 'node:assert/strict'
import { parseSecureKeyValue } from '../../../src/domain/config-vars.ts'
import { fingerprint } from '../../../src/domain/key.ts'
import { isAccepted } from '../../../src/domain/verification.ts'
import { verifyKey } from '../../../src/flows/verify-key.ts'
import { pushCalls } from './aftermath.ts'
import type { ModelWorld } from './model-world.ts'

type KeyRow = {
  version: number
  stage: string
  filler: boolean
  fingerprint: string
  published_at: Date | null
  grace_ends_at: Date | null
  revoked_at: Date | null
}

/** Everything that must hold after every command; with `settled` also what must hold once all has calmed down. */
export async function checkInvariants(world: ModelWorld, { settled = false } = {}): Promise<void> {
  const { h, addonId } = world
  for (const { name, configVars } of h.heroku.view
    .apps()
    .map((app) => ({ name: app.name, configVars: h.heroku.view.configVars(app.name) }))) {
    for (const [variable, value] of Object.entries(configVars)) {
      assert(parseSecureKeyValue(value), `${variable} of ${name} is two keys and a comma`)
    }
  }
  if (addonId === undefined) return
  noteWhatHerokuTook(world, addonId)
  const keys: KeyRow[] = await h.deps.db
    .selectFrom('key_versions')
    .selectAll()
    .where('resource_id', '=', addonId)
    .orderBy('version')
    .execute()
  checkKeyset(keys)
  checkChain(world, addonId, keys)
  await checkRotations(world, addonId)
  await checkVerification(world, addonId)
  if (settled) await checkSettled(world, addonId, keys)
}

/** Values that took effect, in the order in which they were sent. A late one counts from when it is seen. */
function noteWhatHerokuTook(world: ModelWorld, addonId: string): void {
  for (const { applied, config, at } of pushCalls(world.h, addonId)) {
    if (applied) world.promises.handedOut(new Date(at), config?.SECURE_KEY ?? '', world.grace)
  }
}

function checkKeyset(keys: readonly KeyRow[]): void {
  const count = (stage: string, filler: boolean) =>
    keys.filter((key) => key.stage === stage && key.filler === filler).length
  assert.equal(count('current', false), 1, 'one key signs')
  assert.equal(count('current', true), 0, 'a filler never signs')
  assert(count('pending', false) <= 1 && count('pending', true) <= 1, 'one pending version of each kind')
  assert(
    keys.some(({ stage }) => stage === 'previous'),
    'some key stands in the second place',
  )
  assert.deepEqual(
    keys.map(({ version }) => version),
    keys.map((_, index) => index + 1),
    'no number is left out',
  )
}

/** Each value's second key is the former first, unless it is a filler and that one's grace is over or it is revoked. */
function checkChain({ h }: ModelWorld, addonId: string, keys: readonly KeyRow[]): void {
  const rowOf = (key: string) => keys.find((row) => row.fingerprint === fingerprint(key))
  for (const { config, at } of pushCalls(h, addonId)) {
    const pair = parseSecureKeyValue(config?.SECURE_KEY ?? '')
    assert(pair, 'what is pushed is two keys and a comma')
    const first = rowOf(pair.first)
    const second = rowOf(pair.second)
    assert(first && second, 'what is pushed was stored before')
    assert(!first.filler, 'the first key is no filler')
    const former = keys
      .filter((key) => !key.filler && key.published_at !== null && key.version < first.version)
      .at(-1)
    if (!second.filler) {
      assert.equal(second.version, former?.version, `the second key is the former first of ${first.version}`)
      continue
    }
    if (!former) continue
    const over = former.grace_ends_at !== null && former.grace_ends_at <= new Date(at)
    assert(
      over || former.revoked_at !== null,
      `version ${former.version} left the config var before its time`,
    )
  }
}

async function checkRotations({ h }: ModelWorld, addonId: string): Promise<void> {
  const { db } = h.deps
  const rotations = await db.selectFrom('rotations').selectAll().where('resource_id', '=', addonId).execute()
  const scheduled = rotations.filter(({ reason }) => reason === 'scheduled')
  const dates = scheduled.map(({ due_at }) => due_at.getTime())
  assert.equal(new Set(dates).size, dates.length, 'one rotation per due date')
  assert(
    scheduled.every(({ opened_at, due_at }) => opened_at >= due_at),
    'no rotation before its due date',
  )
  const unfinished = rotations.filter(({ closed_at }) => closed_at === null)
  assert(unfinished.length <= 1, 'one unfinished rotation')
  const trail = await db
    .selectFrom('audit_events')
    .select('version')
    .where('resource_id', '=', addonId)
    .where('action', '=', 'key-promoted')
    .execute()
  const done = rotations.filter(({ state }) => state === 'done').map((row) => row.pending_version)
  assert.deepEqual(
    trail.map(({ version }) => version).sort(byNumber),
    done.sort(byNumber),
    'an audit row per promotion',
  )
}

const byNumber = (a: number | null, b: number | null) => (a ?? 0) - (b ?? 0)

async function checkVerification({ h, promises }: ModelWorld, addonId: string): Promise<void> {
  const accepted = async (key: string) => isAccepted(await verifyKey(h.deps, { resourceId: addonId, key }))
  for (const key of promises.accepted(h.clock.now())) {
    assert(await accepted(key), `key ${fingerprint(key)} is accepted for its grace period`)
  }
  for (const key of promises.refused()) {
    assert(!(await accepted(key)), `revoked key ${fingerprint(key)} is refused`)
  }
}

async function checkSettled({ h }: ModelWorld, addonId: string, keys: readonly KeyRow[]): Promise<void> {
  const grant = await h.deps.db
    .selectFrom('oauth_grants')
    .select('state')
    .where('resource_id', '=', addonId)
    .executeTakeFirst()
  // Heroku's code was used up or too old before its tokens were stored: said loudly, and nothing can be pushed.
  if (grant?.state === 'lost') return
  const schedule = await h.deps.db
    .selectFrom('schedule')
    .selectAll()
    .where('resource_id', '=', addonId)
    .executeTakeFirstOrThrow()
  assert.equal(schedule.claimed_until, null, 'no claim is left behind')
  assert.equal(schedule.failures, 0, 'no failure is left behind')
  assert.equal(keys.filter(({ stage }) => stage === 'pending').length, 0, 'nothing is left half done')
  const current = keys.find(({ stage }) => stage === 'current')
  const second = keys.filter(({ stage }) => stage === 'previous').at(-1)
  const held = (h.heroku.view.addon(addonId).config.SECURE_KEY ?? '').split(',').map(fingerprint)
  assert.deepEqual(held, [current?.fingerprint, second?.fingerprint], 'Heroku holds what is published')
}
