import { expect, test } from 'vitest'
import { readKeyring } from '../../src/domain/keyring-var.ts'
import { timeLeftMs } from '../../src/domain/pause.ts'
import { pauseRotation, resumeSchedule } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { type HarnessWithAddon, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { stateOf } from '../support/resource.ts'

const actor = { type: 'operator' } as const

function pause(h: HarnessWithAddon, until: Date | null) {
  return pauseRotation(h.deps, { resourceId: h.addon.id, actor, until, reason: 'audit week' })
}

async function rotatesAfter(h: HarnessWithAddon, ms: number): Promise<void> {
  const before = pushes(h).length
  h.clock.advance(ms - MINUTE)
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(before)
  h.clock.advance(MINUTE)
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(before + 1)
}

test('a pause without an end holds the rotation until it is resumed, with the time left kept', async () => {
  const h = await startWithAddon()
  h.clock.advance(10 * DAY)
  expect(await pause(h, null)).toBe(true)
  h.clock.advance(30 * DAY)
  await h.worker1.tick()
  expect(pushes(h)).toEqual([])
  expect(await resumeSchedule(h.deps, { resourceId: h.addon.id, actor })).toBe(true)
  await rotatesAfter(h, 4 * DAY)
})

test('a pause until a date ends by itself, with the time left kept', async () => {
  const h = await startWithAddon()
  h.clock.advance(10 * DAY)
  await pause(h, new Date(h.clock.now().getTime() + 7 * DAY))
  const state = await stateOf(h.deps, h.addon.id)
  expect(state.pause && timeLeftMs(state.nextRotationAt, state.pause)).toBe(4 * DAY)
  await rotatesAfter(h, 11 * DAY)
})

test('a pause that ends as late as it may leaves a keyring that the service knows again, and none ends later', async () => {
  const h = await startWithAddon()
  const latest = new Date(h.clock.now().getTime() + 3_650 * DAY)
  const later = new Date(latest.getTime() + SECOND)
  await expect(pause(h, later)).rejects.toMatchObject({ code: 'invalid-option' })
  await pause(h, latest)
  await requestRotation(h.deps, { resourceId: h.addon.id, actor, evenIfTooSoon: true })
  await h.worker1.tick()
  expect(readKeyring(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '')).toBeDefined()
})

test('a pause until a date can be ended before it', async () => {
  const h = await startWithAddon()
  h.clock.advance(10 * DAY)
  await pause(h, new Date(h.clock.now().getTime() + 7 * DAY))
  h.clock.advance(2 * DAY)
  await resumeSchedule(h.deps, { resourceId: h.addon.id, actor })
  await rotatesAfter(h, 4 * DAY)
})

test('during a pause a rotation by hand and a revoke still go ahead, and a whole period is left afterwards', async () => {
  const h = await startWithAddon()
  h.clock.advance(10 * DAY)
  await pause(h, null)
  await requestRotation(h.deps, { resourceId: h.addon.id, actor })
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(1)
  h.clock.advance(DAY)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor })
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(2)
  h.clock.advance(60 * DAY)
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(2)
  await resumeSchedule(h.deps, { resourceId: h.addon.id, actor })
  await rotatesAfter(h, 14 * DAY)
})

test('a pause holds back the filler too, since that restarts apps', async () => {
  const h = await startWithAddon({ grace: '48h' })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  await pause(h, null)
  h.clock.advance(5 * DAY)
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(1)
  await resumeSchedule(h.deps, { resourceId: h.addon.id, actor })
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(2)
})

test('pausing twice changes nothing, nor does resuming what is not paused', async () => {
  const h = await startWithAddon()
  await pause(h, null)
  h.clock.advance(HOUR)
  expect(await pause(h, new Date(h.clock.now().getTime() + DAY))).toBe(false)
  await resumeSchedule(h.deps, { resourceId: h.addon.id, actor })
  expect(await resumeSchedule(h.deps, { resourceId: h.addon.id, actor })).toBe(false)
})

test('a pause that would end in the past is refused', async () => {
  const h = await startWithAddon()
  await expect(pause(h, h.clock.now())).rejects.toMatchObject({ code: 'invalid-option' })
})

test.each([
  ['a zero character', 'freeze\0 until May', 'freeze until May'],
  ['half a surrogate pair', 'freeze \ud83d', 'freeze \ufffd'],
  ['an emoji where it is cut', `${'x'.repeat(498)}\u{1f9ca}xx`, `${'x'.repeat(498)}\u{1f9ca}…`],
  ['more than anybody reads', ` ${'x'.repeat(900)}`, `${'x'.repeat(499)}…`],
])('a reason with %s is kept as far as a database takes it', async (_what, reason, kept) => {
  const h = await startWithAddon()
  const request = { resourceId: h.addon.id, actor: { type: 'operator' } as const, until: null, reason }
  expect(await pauseRotation(h.deps, request)).toBe(true)
  expect((await stateOf(h.deps, h.addon.id)).pause?.reason).toBe(kept)
})
