import assert from 'node:assert/strict'
import { fingerprint } from '../../../local/key-pair.ts'
import { isOpen } from '../../../src/domain/calendar.ts'
import { parseSecureKeyValue } from '../../../src/domain/config-vars.ts'
import type { ResourceState } from '../../../src/domain/resource-state.ts'
import { formatWindows } from '../../../src/domain/windows.ts'
import type { KeyLife } from '../../../src/flows/key-lives.ts'
import { accepts, historyOf, livesOf, stateOf } from '../../support/resource.ts'
import { pushCalls } from './aftermath.ts'
import { announcedKey } from './announced.ts'
import { checkBooks } from './books.ts'
import { rotationsOf } from './lived-rotations.ts'
import type { ModelWorld } from './model-world.ts'

/** Everything that must hold after every command; with `settled` also what must hold once all has calmed down. */
export async function checkInvariants(world: ModelWorld, { settled = false } = {}): Promise<void> {
  const { h, addonId } = world
  for (const { name, configVars } of h.heroku.view
    .apps()
    .map((app) => ({ name: app.name, configVars: h.heroku.view.configVars(app.name) }))) {
    for (const [variable, value] of Object.entries(configVars)) {
      if (variable.endsWith('KEYRING')) continue
      assert(parseSecureKeyValue(value), `${variable} of ${name} is two keys and a comma`)
    }
  }
  for (const id of world.formerIds) await checkBooks(h.deps, id)
  if (addonId === undefined) return
  await checkBooks(h.deps, addonId)
  noteWhatHerokuTook(world, addonId)
  const state = await stateOf(h.deps, addonId)
  const lives = (await livesOf(h.deps, addonId)).toReversed()
  checkKeyset(lives)
  await checkCalendar(world, addonId, lives, state)
  checkChain(world, addonId, lives, state)
  await checkRotations(world, addonId)
  await checkVerification(world, addonId)
  if (settled) await checkSettled(world, addonId, state)
}

/** Values that took effect, in the order in which they were sent. A late one counts from when it is seen. */
function noteWhatHerokuTook(world: ModelWorld, addonId: string): void {
  for (const { applied, config, at } of pushCalls(world.h, addonId)) {
    if (applied) world.promises.handedOut(new Date(at), config?.SECURE_KEY ?? '', world.grace, world.lifeMs)
  }
  noteWhatIsAnnounced(world, addonId)
}

/** A key is accepted for as long as Heroku's keyring announces it. One that a late write brings back promises nothing. */
function noteWhatIsAnnounced({ h, promises }: ModelWorld, addonId: string): void {
  const pushes = pushCalls(h, addonId)
  const { SECURE_KEYRING } = h.heroku.view.addon(addonId).config
  const isLast = pushes.at(-1)?.config?.SECURE_KEYRING === SECURE_KEYRING
  if (pushes.length === 0 || isLast) promises.announced(announcedKey(SECURE_KEYRING))
  else promises.announced(undefined)
}

function checkKeyset(lives: readonly KeyLife[]): void {
  const count = (stage: string, filler: boolean) =>
    lives.filter((key) => key.stage === stage && key.filler === filler).length
  assert.equal(count('current', false), 1, 'one key signs')
  assert.equal(count('current', true), 0, 'a filler never signs')
  assert(count('pending', false) <= 1 && count('pending', true) <= 1, 'one pending version of each kind')
  assert(
    lives.some(({ stage }) => stage === 'previous'),
    'some key stands in the second place',
  )
  assert.deepEqual(
    lives.map(({ version }) => version),
    lives.map((_, index) => index + 1),
    'no number is left out',
  )
}

/**
 * What the schedule sends for the first time, or again since it had not arrived, is sent inside a window and outside of
 * freezes: by those of before the command or of after it, whichever the worker saw. A person's press goes at any time.
 */
async function checkCalendar(
  world: ModelWorld,
  addonId: string,
  lives: readonly KeyLife[],
  { calendar, rotation, keyset }: ResourceState,
): Promise<void> {
  const { h } = world
  const pushes = pushCalls(h, addonId)
  const calendars = [world.calendar, calendar]
  world.calendar = calendar
  if (pushes.length === world.pushesSeen) return
  const rotations = await rotationsOf(h.deps, addonId)
  const requests = (await historyOf(h.deps, addonId)).filter(({ kind }) => kind === 'rotation-requested')
  const keysOf = (index: number) => parseSecureKeyValue(pushes[index]?.config?.SECURE_KEY ?? '')
  const versionOf = (key?: string) =>
    lives.find((life) => key !== undefined && life.fingerprint === fingerprint(key))
  for (let index = world.pushesSeen; index < pushes.length; index += 1) {
    const [pair, at] = [keysOf(index), new Date(pushes[index]?.at ?? '')]
    const isThere = pushes
      .slice(0, index)
      .some(
        (push, before) =>
          push.applied && keysOf(before)?.first === pair?.first && keysOf(before)?.second === pair?.second,
      )
    const first = versionOf(pair?.first)
    const made = rotations.find(({ version }) => version === first?.version)
    // The one of the provision is older than the key beside it, and is pushed along with a next key that a person has pressed for.
    const second = versionOf(pair?.second)
    const isLater = (second?.version ?? 0) > (first?.version ?? 0)
    const isFiller = second?.filler === true && isLater && made?.reason !== 'revoke'
    const isOfSchedule = isFiller || made?.reason === 'scheduled' || made?.reason === 'plan-change'
    const isPressed =
      (rotation?.pressed && keyset.pending === first?.version) ||
      requests.some((request) => made !== undefined && request.at >= made.openedAt && request.at <= at)
    if (isThere || !isOfSchedule || isPressed) continue
    assert(
      calendars.some((each) => isOpen(each, at)),
      `the schedule restarts apps at ${at.toISOString()}, outside of ${formatWindows(calendar.windows)}`,
    )
  }
}

/** Each value's second key is the former first, unless it is a filler and that one's grace is over or it is revoked. */
function checkChain(
  world: ModelWorld,
  addonId: string,
  lives: readonly KeyLife[],
  { keyset }: ResourceState,
): void {
  const lifeOf = (key: string) => lives.find((life) => life.fingerprint === fingerprint(key))
  const present = [...keyset.older, ...(keyset.second.filler ? [] : [keyset.second])]
  const pushes = pushCalls(world.h, addonId)
  for (const [index, { config, at }] of pushes.entries()) {
    const pair = parseSecureKeyValue(config?.SECURE_KEY ?? '')
    assert(pair, 'what is pushed is two keys and a comma')
    const first = lifeOf(pair.first)
    const second = lifeOf(pair.second)
    assert(first && second, 'what is pushed was stored before')
    assert(!first.filler, 'the first key is no filler')
    const former = lives
      .filter((key) => !key.filler && key.publishedAt !== null && key.version < first.version)
      .at(-1)
    if (!second.filler) {
      assert.equal(second.version, former?.version, `the second key is the former first of ${first.version}`)
      continue
    }
    // The end of an erased key is known no more, so each push is looked at once, soon after it.
    if (!former || former.revokedAt !== null || index < world.pushesSeen) continue
    const ends = [...world.graceEnds, ...present].filter(({ version }) => version === former.version)
    assert(
      ends.some(({ until }) => until <= new Date(at)),
      `version ${former.version} left the config var before its time`,
    )
  }
  world.pushesSeen = pushes.length
  world.graceEnds = present
}

async function checkRotations({ h }: ModelWorld, addonId: string): Promise<void> {
  const rotations = await rotationsOf(h.deps, addonId)
  const scheduled = rotations.filter(({ reason }) => reason === 'scheduled')
  // One that a revoke took the place of was not served, and the revoke counts the period anew.
  const dates = scheduled.map(({ dueAt }) => dueAt.getTime())
  assert.equal(new Set(dates).size, dates.length, 'one rotation per due date')
  assert(
    scheduled.every(({ openedAt, dueAt }) => openedAt >= dueAt),
    'no rotation before its due date',
  )
}

async function checkVerification({ h, promises }: ModelWorld, addonId: string): Promise<void> {
  for (const key of promises.accepted(h.clock.now())) {
    assert(await accepts(h.deps, addonId, key), `key ${fingerprint(key)} is accepted for its grace period`)
  }
  for (const key of promises.refused()) {
    assert(!(await accepts(h.deps, addonId, key)), `revoked key ${fingerprint(key)} is refused`)
  }
}

async function checkSettled({ h }: ModelWorld, addonId: string, state: ResourceState): Promise<void> {
  const grant = await h.deps.db
    .selectFrom('oauth_grants')
    .select('state')
    .where('resource_id', '=', addonId)
    .executeTakeFirst()
  // Heroku's code was used up or too old before its tokens were stored: said loudly, and nothing can be pushed.
  if (grant?.state === 'lost') return
  const { keyset } = state
  assert.equal(state.claimedUntil, null, 'no claim is left behind')
  assert.deepEqual([state.attempts, state.failures], [0, []], 'no failure is left behind')
  assert.deepEqual(
    [state.rotation, keyset.pending, keyset.pendingFiller],
    [null, null, null],
    'nothing is left half done',
  )
  const lives = await livesOf(h.deps, addonId)
  const fingerprintOf = (version: number) => lives.find((life) => life.version === version)?.fingerprint
  const { SECURE_KEY = '', SECURE_KEYRING } = h.heroku.view.addon(addonId).config
  assert.deepEqual(
    SECURE_KEY.split(',').map(fingerprint),
    [fingerprintOf(keyset.current), fingerprintOf(keyset.second.version)],
    'Heroku holds what is published',
  )
  const next = announcedKey(SECURE_KEYRING)
  assert.equal(
    state.announcesNext,
    keyset.next?.announced ?? false,
    'the next key is announced where it is to be',
  )
  assert.equal(
    next === undefined ? undefined : fingerprint(next),
    keyset.next ? fingerprintOf(keyset.next.version) : undefined,
    'Heroku announces the next key, and no other',
  )
}
