import { expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { keyDigest } from '../../src/domain/key.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { type Verification, verifyKey } from '../../src/flows/verify-key.ts'
import { type HarnessWithAddon, keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { uuid, verify } from '../support/resource.ts'

const OPERATOR = { type: 'operator' } as const

const revoke = (h: HarnessWithAddon) => revokeKeys(h.deps, { resourceId: h.addon.id, actor: OPERATOR })

test('every key of a life is accepted from its making to the end of its grace period, and never afterwards', async () => {
  const h = await startWithAddon({ grace: '48h' })
  const known = async (key: string) => (await verify(h.deps, h.addon.id, key)).outcome
  const first = keysOn(h)
  expect([await known(first.first), await known(first.second)]).toEqual(['current', 'previous'])

  // The push arrives and its answer is lost: apps hold the new key before we know of it.
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'truncated-body' })
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

  await revoke(h)
  expect([await known(filled.first), await known(filled.second)]).toEqual(['revoked', 'revoked'])
  await h.worker1.tick()
  const revoked = keysOn(h)
  expect([await known(revoked.first), await known(revoked.second)]).toEqual(['current', 'previous'])
  expect([await known(filled.first), await known(filled.second)]).toEqual(['revoked', 'revoked'])

  await h.heroku.customer.destroy({ addon: h.addon.name })
  const ever = new Set([...pushes(h).flatMap((value) => value.split(',')), first.first, first.second])
  for (const key of ever) await expect(known(key)).rejects.toMatchObject({ code: 'resource-gone' })
})

test('a key is known by the SHA-256 of its text and by the first eight digits of that, in either letter case', async () => {
  const h = await startWithAddon()
  const { first } = keysOn(h)
  const digest = keyDigest(first).toString('hex')
  for (const given of [digest, digest.toUpperCase(), digest.slice(0, 8), fingerprint(first)]) {
    expect(await verifyKey(h.deps, { resourceId: h.addon.id, digest: given })).toEqual({
      outcome: 'current',
      version: 2,
    })
  }
})

test('an erased key is known by its fingerprint, and by a SHA-256 that begins with it', async () => {
  const h = await startWithAddon()
  const filler = keysOn(h).second
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  const retired: Verification = { outcome: 'retired', version: 1 }
  for (const digest of [fingerprint(filler), keyDigest(filler).toString('hex')]) {
    expect(await verifyKey(h.deps, { resourceId: h.addon.id, digest })).toEqual(retired)
  }
})

test('a stored key is known by its whole SHA-256 alone: one that only begins like it is another key', async () => {
  const h = await startWithAddon()
  const digest = keyDigest(keysOn(h).first).toString('hex')
  const other = `${digest.slice(0, 63)}${digest.endsWith('0') ? '1' : '0'}`
  expect(await verifyKey(h.deps, { resourceId: h.addon.id, digest: other })).toEqual({ outcome: 'unknown' })
})

test('a key that a revoke dropped on its way to Heroku is revoked, for an app may hold it', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'truncated-body' })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  const onItsWay = keysOn(h).first
  await revoke(h)
  expect(await verify(h.deps, h.addon.id, onItsWay)).toEqual({ outcome: 'revoked', version: 3 })
  await h.worker1.tick()
  expect(await verify(h.deps, h.addon.id, onItsWay)).toEqual({ outcome: 'revoked', version: 3 })
})

test('a key is accepted by its own resource alone', async () => {
  const h = await startWithAddon()
  await h.heroku.customer.createApp('service-2')
  const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'daily' })
  const { first } = keysOn(h)
  expect(await verify(h.deps, other.id, first)).toEqual({ outcome: 'unknown' })
})

test('what is no key is unknown, and never an error', async () => {
  const h = await startWithAddon()
  const { first, second } = keysOn(h)
  for (const key of ['', 'x', first.toLowerCase(), `${first},${second}`, '\u0000', 'F'.repeat(10_000)]) {
    expect(await verify(h.deps, h.addon.id, key)).toEqual({ outcome: 'unknown' })
  }
})

test('what is no digest is unknown, and never an error: not the key itself, nor a part of a fingerprint', async () => {
  const h = await startWithAddon()
  const { first } = keysOn(h)
  const print = fingerprint(first)
  for (const digest of ['', print.slice(0, 7), `${print}0`, first, `${print} `, '\u0000', 'g'.repeat(64)]) {
    expect(await verifyKey(h.deps, { resourceId: h.addon.id, digest })).toEqual({ outcome: 'unknown' })
  }
})

test('a resource that never was is told apart from a key that is unknown', async () => {
  const { deps } = await startWithAddon()
  const asked = verifyKey(deps, { resourceId: uuid(99), digest: 'f'.repeat(64) })
  await expect(asked).rejects.toMatchObject({ code: 'unknown-resource' })
})
