import { expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/revoke-keys.ts'
import { verifyKey } from '../../src/flows/verify-key.ts'
import { keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { uuid } from '../support/resource.ts'

test('every key of a life is accepted from its making to the end of its grace period, and never afterwards', async () => {
  const h = await startWithAddon({ grace: '48h' })
  const known = async (key: string) => (await verifyKey(h.deps, { resourceId: h.addon.id, key })).outcome
  const first = keysOn(h)
  expect([await known(first.first), await known(first.second)]).toEqual(['current', 'previous'])

  // The push arrives and its answer is lost: apps hold the new key before we know of it.
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'lost-answer' })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  const rotated = keysOn(h)
  expect(rotated.second).toBe(first.first)
  expect([await known(rotated.first), await known(first.first)]).toEqual(['pending', 'current'])

  h.clock.advance(MINUTE)
  await h.worker1.tick()
  expect([await known(rotated.first), await known(first.first)]).toEqual(['current', 'previous'])
  expect(await known(first.second)).toBe('retired')

  h.clock.advance(48 * HOUR)
  await h.worker1.tick()
  const filled = keysOn(h)
  expect([await known(filled.first), await known(filled.second)]).toEqual(['current', 'previous'])
  expect(await known(first.first)).toBe('retired')

  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  expect([await known(filled.first), await known(filled.second)]).toEqual(['retired', 'retired'])
  await h.worker1.tick()
  const revoked = keysOn(h)
  expect([await known(revoked.first), await known(revoked.second)]).toEqual(['current', 'previous'])

  await h.heroku.customer.destroy({ addon: h.addon.name })
  const ever = new Set([...pushes(h).flatMap((value) => value.split(',')), first.first, first.second])
  for (const key of ever) expect(await known(key)).toBe('retired')
})

test('a key is accepted by its own resource alone', async () => {
  const h = await startWithAddon()
  await h.heroku.customer.createApp('service-2')
  const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'daily' })
  const { first } = keysOn(h)
  expect(await verifyKey(h.deps, { resourceId: other.id, key: first })).toEqual({ outcome: 'unknown' })
})

test('what is no key is unknown, and never an error', async () => {
  const h = await startWithAddon()
  const { first, second } = keysOn(h)
  for (const key of ['', 'x', first.toLowerCase(), `${first},${second}`, '\u0000', 'F'.repeat(10_000)]) {
    expect(await verifyKey(h.deps, { resourceId: h.addon.id, key })).toEqual({ outcome: 'unknown' })
  }
})

test('a resource that never was is told apart from a key that is unknown', async () => {
  const { deps } = await startWithAddon()
  const asked = verifyKey(deps, { resourceId: uuid(99), key: 'F'.repeat(64) })
  await expect(asked).rejects.toMatchObject({ code: 'unknown-resource' })
})
