import { describe, expect, test } from 'vitest'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { askToAdopt } from '../../src/flows/operations/foreign.ts'
import { backUp, backUpRows } from '../support/backup.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { checkBooks } from './support/books.ts'
import { ACTOR, type Life, startLife } from './support/customer-app.ts'
import { pushAs, restored, silent } from './support/environments.ts'

const about = ({ id }: Life) => ({ resourceId: id, actor: ACTOR })
const releases = (life: Life) => life.heroku.view.releases(life.appName).length
const kept = (life: Life) => ({ config: life.heroku.view.addon(life.id).config, releases: releases(life) })

async function rotate(life: Life): Promise<void> {
  life.clock.advance(3 * HOUR)
  await requestRotation(life.deps, { ...about(life), evenIfTooSoon: true })
  await life.tick()
}

async function switchNext(life: Life, on: boolean): Promise<void> {
  await announceNext(life.deps, { ...about(life), on })
  await life.tick()
}

/** Until the daily look at Heroku, and over it. */
async function daysPass(life: Life, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    life.clock.advance(DAY)
    await life.tick()
  }
}

describe('a database that was restored from a backup in which a key is announced', () => {
  test.each([1, 2, 3])(
    'adopts what Heroku holds after %i lost rotations, the next key with it',
    async (lost) => {
      const life = await startLife({ next: true })
      const backup = await backUp(life.deps.db)
      for (let count = 0; count < lost; count += 1) await rotate(life)
      const [before, next] = [kept(life), life.announced()]
      await restored(life, backup)
      await daysPass(life, 2)
      expect(kept(life)).toEqual(before)
      expect(await life.kinds()).toContain('config-adopted')
      expect(await life.accepts(next ?? '')).toBe(true)
      await daysPass(life, 14)
      // The rotation after that promotes the key that the lost past has announced.
      expect(life.held().first).toBe(next)
      expect(life.announced()).not.toBe(next)
    },
  )

  test('announces it again where it was withdrawn in the lost past: it is on here, and no other is made', async () => {
    const life = await startLife({ next: true })
    const next = life.announced()
    const backup = await backUp(life.deps.db)
    await switchNext(life, false)
    expect(life.announced()).toBeUndefined()
    await restored(life, backup)
    await daysPass(life, 2)
    expect(life.announced()).toBe(next)
  })

  test('adopts what Heroku holds and withdraws its next key where somebody has switched that off before the first look', async () => {
    const life = await startLife({ next: true })
    const backup = await backUp(life.deps.db)
    await rotate(life)
    const [held, next] = [life.held(), life.announced()]
    await restored(life, backup)
    await switchNext(life, false)
    await daysPass(life, 1)
    expect(await life.kinds()).toContain('config-adopted')
    expect(life.held()).toEqual(held)
    expect(life.announced()).toBeUndefined()
    expect(await life.state()).toMatchObject({ announcesNext: false, keyset: { next: null } })
    expect(await life.accepts(next ?? '')).toBe(false)
  })

  test('keeps what a revoke of the lost past has put in its place', async () => {
    const life = await startLife({ next: true })
    const leaked = life.announced()
    const backup = await backUp(life.deps.db)
    await revokeKeys(life.deps, about(life))
    await life.tick()
    const before = kept(life)
    await restored(life, backup)
    await daysPass(life, 2)
    expect(kept(life)).toEqual(before)
    expect(await life.accepts(leaked ?? '')).toBe(false)
    await daysPass(life, 14)
    expect(Object.values(life.held())).not.toContain(leaked)
  })
})

describe('a database that was restored from a backup of before the next key was announced', () => {
  test('adopts it: it is accepted, on, and signs after the next rotation', async () => {
    const life = await startLife()
    const backup = await backUp(life.deps.db)
    await switchNext(life, true)
    const [before, next] = [kept(life), life.announced()]
    await restored(life, backup)
    await daysPass(life, 2)
    expect(kept(life)).toEqual(before)
    expect(await life.state()).toMatchObject({ announcesNext: true, keyset: { next: { announced: true } } })
    expect(await life.accepts(next ?? '')).toBe(true)
    await daysPass(life, 13)
    expect(life.held().first).toBe(next)
  })
})

test('what is switched on before the first look at a past that announced nothing is announced after the adoption', async () => {
  const life = await startLife()
  const backup = await backUp(life.deps.db)
  await rotate(life)
  const held = life.held()
  await restored(life, backup)
  await switchNext(life, true)
  await daysPass(life, 1)
  expect(await life.kinds()).toContain('config-adopted')
  expect(life.held()).toEqual(held)
  expect(await life.accepts(life.announced() ?? '')).toBe(true)
})

test('a failover in which nothing was lost changes nothing of what is announced', async () => {
  const life = await startLife({ next: true })
  const before = kept(life)
  await silent(life.deps)
  await daysPass(life, 3)
  expect(kept(life)).toEqual(before)
  expect(await life.kinds()).not.toContain('config-adopted')
})

test('a row that somebody put back to before its announced key was promoted stops at its history', async () => {
  const life = await startLife({ next: true })
  const backup = await backUpRows(life.deps.db, ['keysets', 'sealed_keys'])
  await rotate(life)
  const before = kept(life)
  await backup.restore(life.deps.db)
  await daysPass(life, 20)
  expect(kept(life)).toEqual(before)
  expect(await life.kinds()).toContain('row-put-back')
})

test('a foreign pair that a person adopts takes the announced key out, and a fresh one is announced', async () => {
  const life = await startLife({ next: true })
  const next = life.announced()
  await pushAs(life.deps, life.id, { pair: `${'A'.repeat(64)},${'B'.repeat(64)}`, keyring: '' })
  await daysPass(life, 2)
  expect(await life.kinds()).toContain('config-foreign')
  // A press of the switch overwrites no foreign pair.
  const foreign = kept(life)
  await switchNext(life, false)
  await switchNext(life, true)
  expect(kept(life)).toEqual(foreign)
  await askToAdopt(life.deps, about(life))
  await life.tick()
  life.clock.advance(MINUTE)
  await life.tick()
  expect(life.held()).toEqual({ first: 'A'.repeat(64), second: 'B'.repeat(64) })
  expect(life.announced()).toBeDefined()
  expect(life.announced()).not.toBe(next)
  expect(await life.accepts(next ?? '')).toBe(false)
  await daysPass(life, 14)
  expect(life.held().second).toBe('A'.repeat(64))
})

test('a key that somebody plants as the next one, without a MAC of ours, is taken out at the next look', async () => {
  const life = await startLife()
  const { SECURE_KEY = '', SECURE_KEYRING = '' } = life.heroku.view.addon(life.id).config
  const ring = JSON.parse(SECURE_KEYRING)
  const planted = { kid: '0badc0de', version: 9, use: 'next', until: null, key: 'C'.repeat(64) }
  const keyring = JSON.stringify({ ...ring, keys: [...ring.keys, planted] })
  await pushAs(life.deps, life.id, { pair: SECURE_KEY, keyring })
  expect(life.announced()).toBe('C'.repeat(64))
  await daysPass(life, 2)
  expect(life.announced()).toBeUndefined()
  expect(await life.accepts('C'.repeat(64))).toBe(false)
  await checkBooks(life.deps, life.id)
})
