import { expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { revokeAll } from '../../src/flows/operations/revoke-all.ts'
import { keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { endedRotations, verify } from '../support/resource.ts'

const actor = { type: 'operator' } as const

test('a revoke refuses both old keys from that second, before Heroku has heard of it', async () => {
  const h = await startWithAddon()
  const old = keysOn(h)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor })
  expect(pushes(h)).toEqual([])
  for (const key of [old.first, old.second]) {
    expect(await verify(h.deps, h.addon.id, key)).toMatchObject({ outcome: 'revoked' })
  }
})

test('a revoke replaces both places of the config var by fresh keys in one push', async () => {
  const h = await startWithAddon()
  const old = keysOn(h)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(pushes(h)).toHaveLength(1)
  const fresh = keysOn(h)
  expect(new Set([old.first, old.second, fresh.first, fresh.second]).size).toBe(4)
  expect(await verify(h.deps, h.addon.id, fresh.first)).toMatchObject({ outcome: 'current' })
})

test('the rotation after a revoke keeps the revoked-to key as second, a period after the revoke', async () => {
  const h = await startWithAddon()
  h.clock.advance(3 * DAY)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor })
  await h.worker1.tick()
  const fresh = keysOn(h)
  h.clock.advance(14 * DAY - MINUTE)
  await h.worker1.tick()
  expect(keysOn(h)).toEqual(fresh)
  h.clock.advance(MINUTE)
  await h.worker1.tick()
  expect(keysOn(h).second).toBe(fresh.first)
})

test('a revoke supersedes an open rotation, and a late push of that one is put right', async () => {
  const h = await startWithAddon({ callTimeoutMs: 1_000 })
  const old = keysOn(h)
  const late = h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'delayed-apply', answer: 'hang' })
  h.clock.advance(14 * DAY)
  expect(await h.worker1.tick()).toMatchObject({ failed: 1 })

  await revokeKeys(h.deps, { resourceId: h.addon.id, actor })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  const fresh = keysOn(h)
  h.heroku.faults.release(late)
  expect(keysOn(h).second).toBe(old.first)

  h.clock.advance(3 * MINUTE)
  expect(await h.worker1.tick()).toMatchObject({ checked: 1 })
  expect(keysOn(h)).toEqual(fresh)
  const ended = await endedRotations(h.deps, h.addon.id)
  expect(ended.map(({ kind, rotation }) => `${rotation?.reason} ${kind}`)).toEqual([
    'scheduled rotation-superseded',
    'revoke rotated',
  ])
})

test('a second revoke joins the first while that one is under way', async () => {
  const h = await startWithAddon()
  const request = { resourceId: h.addon.id, actor }
  const outcomes = await Promise.all([revokeKeys(h.deps, request), revokeKeys(h.deps, request)])
  expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['joined', 'requested'])
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(1)
})

test('a revoke of all takes the add-ons with a key from before a moment, and once they have new ones no more', async () => {
  const h = await startWithAddon()
  expect(await revokeAll(h.deps, { madeBefore: h.clock.now() })).toBe(0)
  h.clock.advance(DAY)
  const madeBefore = h.clock.now()
  const leaked = keysOn(h)
  expect(await revokeAll(h.deps, { madeBefore })).toBe(1)
  expect(await revokeAll(h.deps, { madeBefore })).toBe(1)
  await h.worker1.tick()
  expect(keysOn(h).first).not.toBe(leaked.first)
  expect(await revokeAll(h.deps, { madeBefore })).toBe(0)
  expect((await endedRotations(h.deps, h.addon.id)).map(({ kind }) => kind)).toEqual(['rotated'])
})
