import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { ADDON } from '../../src/config.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { replaceKeys, revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { askToAdopt } from '../../src/flows/operations/foreign.ts'
import { confirmInstallation } from '../../src/flows/operations/installation.ts'
import { raiseEpoch, readPlace } from '../../src/store/installation.ts'
import { backUp, backUpRows } from '../support/backup.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { provisionRequest, provisionResource, stateOf } from '../support/resource.ts'
import { ACTOR, type Life, startLife } from './support/customer-app.ts'
import { copyOf, pushAs, restored, silent } from './support/environments.ts'
import { mortalProcess } from './support/mortal-process.ts'
import { tickOf } from './support/ticks.ts'

const FOREIGN = `${'A'.repeat(64)},${'B'.repeat(64)}`

/** Rotates by hand, late enough after the last time. */
async function rotate(life: Life): Promise<void> {
  life.clock.advance(3 * HOUR)
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR, evenIfTooSoon: true })
  await life.tick()
}

async function revoke(life: Life): Promise<void> {
  await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
}

/** Whatever is due within some days. */
async function daysPass(life: Life, days: number, deps = life.deps): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    life.clock.advance(DAY)
    await tickOf(deps)
  }
}

/** Somebody with a token of the add-on pushes a pair that nobody here made. */
async function holdForeign(life: Life): Promise<void> {
  await pushAs(life.deps, life.id, { pair: FOREIGN, keyring: '' })
}

const releases = (life: Life) => life.heroku.view.releases(life.appName).length
const kept = (life: Life) => ({ config: life.heroku.view.addon(life.id).config, releases: releases(life) })

describe('a database that was restored from a backup', () => {
  test('takes over the pair that Heroku holds, however many rotations were lost, and pushes nothing', async () => {
    const life = await startLife()
    const backup = await backUp(life.deps.db)
    for (let lost = 0; lost < 3; lost += 1) await rotate(life)
    const before = kept(life)
    const { first, second } = life.held()
    await restored(life, backup)
    life.clock.advance(14 * DAY - 10 * HOUR)
    await life.tick()
    expect(kept(life)).toEqual(before)
    expect(await life.kinds()).toContain('config-adopted')
    expect(await life.accepts(first)).toBe(true)
    expect(await life.accepts(second)).toBe(true)
    const { keyset, lastVersion } = await life.state()
    expect(keyset).toMatchObject({ current: 5, second: { version: 4, filler: false } })
    expect(lastVersion).toBeGreaterThanOrEqual(5)
  })

  test('goes on rotating after that: the adopted key moves to the second place', async () => {
    const life = await startLife()
    const backup = await backUp(life.deps.db)
    await rotate(life)
    const { first } = life.held()
    await restored(life, backup)
    await daysPass(life, 30)
    expect((await life.rotations()).filter(({ reason }) => reason === 'scheduled').length).toBeGreaterThan(0)
    const pairs = life.pushed()
    // Each push keeps the key that signed before it.
    for (const [index, pair] of pairs.slice(1).entries()) {
      expect(pair.split(',')[1]).toBe(pairs[index]?.split(',')[0])
    }
    expect(pairs.some((pair) => pair.endsWith(first))).toBe(true)
  })

  test('never brings a revoked key back: the revoke is not known here any more, its keys are dead all the same', async () => {
    const life = await startLife()
    await rotate(life)
    const leaked = life.held()
    const backup = await backUp(life.deps.db)
    await revoke(life)
    const after = life.held()
    await restored(life, backup)
    await daysPass(life, 40)
    const later = life.pushed().slice(life.pushed().findIndex((pair) => pair.startsWith(after.first)))
    for (const pair of later) {
      expect(pair).not.toContain(leaked.first)
      expect(pair).not.toContain(leaked.second)
    }
    expect(await life.accepts(leaked.first)).toBe(false)
    expect(await life.accepts(leaked.second)).toBe(false)
  })

  test('with a revoke under way that was served in the lost past does not serve it once more', async () => {
    const life = await startLife()
    await rotate(life)
    await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
    const backup = await backUp(life.deps.db)
    await life.tick()
    const before = kept(life)
    await restored(life, backup)
    await life.tick()
    expect(kept(life)).toEqual(before)
    expect((await life.state()).rotation).toBeNull()
    expect(await life.accepts(life.held().first)).toBe(true)
  })

  test('obeys a revoke that a person asks for now, and reaches the lost keys with it', async () => {
    const life = await startLife()
    const backup = await backUp(life.deps.db)
    await rotate(life)
    await rotate(life)
    const lost = life.held()
    const release = life.heroku.view.app(life.appName).version
    await restored(life, backup)
    await revoke(life)
    const fresh = life.held()
    expect([fresh.first, fresh.second]).not.toContain(lost.first)
    // The app is rolled back to the lost pair: it is put right at the next look.
    await life.heroku.customer.rollback(life.appName, release)
    expect(life.held()).toEqual(lost)
    life.clock.advance(3 * MINUTE)
    await life.tick()
    expect(life.held()).toEqual(fresh)
  })

  test('whose backup is a minute old takes over what Heroku holds at the daily look, since a restore wrote its row', async () => {
    const life = await startLife()
    await rotate(life)
    const backup = await backUp(life.deps.db)
    await rotate(life)
    const before = kept(life)
    await backup.restore(life.deps.db)
    life.clock.advance(MINUTE)
    await daysPass(life, 2)
    expect(kept(life)).toEqual(before)
    expect(await life.kinds()).toContain('config-adopted')
  })
})

describe('the first push after a failover', () => {
  test('is looked at two minutes later, since a call of the lost past may still arrive', async () => {
    const life = await startLife()
    life.clock.advance(14 * DAY)
    await silent(life.deps)
    await life.tick()
    const { checkAt, trust } = await life.state()
    expect(await life.kinds()).toContain('rotated')
    expect(trust.confirmedEpoch).toBeGreaterThan(0)
    expect((checkAt?.getTime() ?? 0) - life.clock.now().getTime()).toBeLessThanOrEqual(2 * MINUTE)
  })
})

describe('a worker under whose feet the database fell back to an older state', () => {
  test('promotes no key that is not stored, though its fence and revision are there', async () => {
    const life = await startLife()
    life.clock.advance(14 * DAY)
    const backup = await backUp(life.deps.db)
    const worker = mortalProcess(life.deps, life.databaseUrl, {
      name: 'before call writeConfig',
      nth: 1,
      // The claim had reached the standby, the new key had not.
      async instead() {
        await backup.restore(life.deps.db)
        await sql`update keysets set fence = fence + 1, claimed_until = wake_at + interval '3 minutes'`.execute(
          life.deps.db,
        )
      },
    })
    await tickOf(worker.deps)
    await worker.end()
    const { keyset } = await life.state()
    const stored = await life.deps.db.selectFrom('sealed_keys').select('version').execute()
    expect(stored.map(({ version }) => version)).toContain(keyset.current)
    expect(keyset.current).toBe(2)
  })
})

describe('an older row that a writer of the database puts back', () => {
  test('stops at the next claim: no key of it is pushed, and a person is told', async () => {
    const life = await startLife()
    const backup = await backUpRows(life.deps.db)
    const leaked = life.held()
    await revoke(life)
    const before = kept(life)
    await backup.restore(life.deps.db)
    await daysPass(life, 40)
    expect(kept(life)).toEqual(before)
    expect([life.held().first, life.held().second]).not.toContain(leaked.first)
    expect((await life.kinds()).filter((kind) => kind === 'row-put-back')).toHaveLength(1)
  })

  test('is left behind when a person replaces its keys: the new ones are numbered behind all that ever were', async () => {
    const life = await startLife()
    const backup = await backUpRows(life.deps.db, ['keysets', 'sealed_keys'])
    const leaked = life.held()
    await revoke(life)
    await backup.restore(life.deps.db)
    await daysPass(life, 2)
    await replaceKeys(life.deps, { resourceId: life.id, actor: ACTOR })
    await life.tick()
    expect([life.held().first, life.held().second]).not.toContain(leaked.first)
    expect((await life.state()).keyset.current).toBeGreaterThan(4)
    expect((await life.state()).trust.foreignSince).toBeNull()
  })

  test('is not believed either when its history was cut to fit: what Heroku holds under our MAC is newer', async () => {
    const life = await startLife()
    await rotate(life)
    const backup = await backUp(life.deps.db)
    const leaked = life.held()
    await revoke(life)
    const before = kept(life)
    await backup.restore(life.deps.db)
    await daysPass(life, 2)
    expect(kept(life)).toEqual(before)
    expect([life.held().first, life.held().second]).not.toContain(leaked.first)
    expect(await life.kinds()).toContain('config-adopted')
    expect(await life.accepts(leaked.first)).toBe(false)
  })
})

describe('a pair of ours that is older', () => {
  test('is put right within a day after a rollback, whenever that was', async () => {
    const life = await startLife({ plan: 'monthly' })
    const release = life.heroku.view.app(life.appName).version
    await rotate(life)
    const { first } = life.held()
    await daysPass(life, 5)
    await life.heroku.customer.rollback(life.appName, release)
    await daysPass(life, 1)
    expect(life.held().first).toBe(first)
    expect(await life.kinds()).toContain('config-repaired')
  })

  test('is put right once a day at most, however often the app is rolled back', async () => {
    const life = await startLife({ plan: 'monthly' })
    const release = life.heroku.view.app(life.appName).version
    await rotate(life)
    await daysPass(life, 2)
    const before = releases(life)
    for (let hour = 0; hour < 72; hour += 1) {
      await life.heroku.customer.rollback(life.appName, release)
      life.clock.advance(HOUR)
      await life.tick()
    }
    expect(releases(life) - before - 72).toBeLessThanOrEqual(3)
  })

  test('with a revoked key in it is put right at once, each time it is seen', async () => {
    const life = await startLife({ plan: 'monthly' })
    const release = life.heroku.view.app(life.appName).version
    await revoke(life)
    const fresh = life.held()
    for (let time = 0; time < 3; time += 1) {
      await life.heroku.customer.rollback(life.appName, release)
      life.clock.advance(DAY)
      await life.tick()
      expect(life.held()).toEqual(fresh)
    }
  })
})

describe('a pair that nobody here made', () => {
  test('is not overwritten by any machine: not by a check, not by a late rotation, not by a retry', async () => {
    const life = await startLife()
    await holdForeign(life)
    await daysPass(life, 60)
    expect(life.heroku.view.addon(life.id).config.SECURE_KEY).toBe(FOREIGN)
    expect((await life.kinds()).filter((kind) => kind === 'config-foreign')).toHaveLength(1)
    expect(life.logLines.filter((line) => line.includes('never made here'))).toHaveLength(1)
  })

  test('is found before a late rotation pushes, though no look came first', async () => {
    const life = await startLife()
    await holdForeign(life)
    life.clock.advance(15 * DAY)
    await life.tick()
    expect(life.heroku.view.addon(life.id).config.SECURE_KEY).toBe(FOREIGN)
    expect((await life.state()).rotation).toBeNull()
  })

  test('is replaced by fresh keys when a person says so, and the schedule goes on', async () => {
    const life = await startLife()
    const known = life.held()
    await holdForeign(life)
    await daysPass(life, 2)
    await replaceKeys(life.deps, { resourceId: life.id, actor: ACTOR })
    await life.tick()
    const { first, second } = life.held()
    expect(new Set([first, second, known.first, known.second, ...FOREIGN.split(',')]).size).toBe(6)
    expect((await life.state()).trust.foreignSince).toBeNull()
    await daysPass(life, 15)
    expect(life.held().second).toBe(first)
  })

  test('is taken into the keyset when a person says so: both keys are accepted, and the next rotation keeps the first', async () => {
    const life = await startLife()
    await holdForeign(life)
    await daysPass(life, 2)
    await askToAdopt(life.deps, { resourceId: life.id, actor: ACTOR })
    await life.tick()
    expect(life.heroku.view.addon(life.id).config.SECURE_KEY).toBe(FOREIGN)
    for (const key of FOREIGN.split(',')) expect(await life.accepts(key)).toBe(true)
    await daysPass(life, 21)
    expect(life.held().second).toBe('A'.repeat(64))
  })

  test('with a revoked key of ours in it is put right, and is nothing that anybody could take over', async () => {
    const life = await startLife()
    const leaked = life.held()
    await revoke(life)
    const fresh = life.held()
    for (const pair of [`${leaked.first},${'B'.repeat(64)}`, `${'A'.repeat(64)},${leaked.first}`]) {
      life.clock.advance(DAY)
      await pushAs(life.deps, life.id, { pair, keyring: '' })
      await life.tick()
      expect(life.held()).toEqual(fresh)
      expect(await life.accepts(leaked.first)).toBe(false)
    }
    expect(await life.kinds()).not.toContain('config-foreign')
    expect(life.logLines.filter((line) => line.includes('interrupted'))).toEqual([])
  })

  test('that is no pair of keys is taken over by nobody, and whoever asked for it finds out why', async () => {
    const life = await startLife()
    await pushAs(life.deps, life.id, { pair: 'a password', keyring: '' })
    await daysPass(life, 1)
    await askToAdopt(life.deps, { resourceId: life.id, actor: ACTOR })
    await life.tick()
    expect((await life.state()).trust).toMatchObject({ adoptAsked: false })
    expect(life.logLines.filter((line) => line.includes('no pair of keys to take over'))).toHaveLength(1)
  })

  test('that goes away by itself is forgotten, and the schedule goes on', async () => {
    const life = await startLife()
    const { SECURE_KEY: pair = '', SECURE_KEYRING: keyring = '' } = life.heroku.view.addon(life.id).config
    await holdForeign(life)
    await daysPass(life, 2)
    expect((await life.state()).trust.foreignSince).not.toBeNull()
    await pushAs(life.deps, life.id, { pair, keyring })
    await daysPass(life, 2)
    expect((await life.state()).trust.foreignSince).toBeNull()
    await daysPass(life, 15)
    expect(life.held().second).toBe(pair.split(',')[0])
  })
})

describe('a copy of the database', () => {
  test('calls nobody at Heroku and makes no add-on before a person confirms it', async () => {
    const life = await startLife()
    const copy = await copyOf(life)
    await expect(provisionResource(copy, provisionRequest())).rejects.toMatchObject({ code: 'not-confirmed' })
    // Not even on behalf of somebody who looks at a page.
    await expect(pushAs(copy, life.id, { pair: FOREIGN, keyring: '' })).rejects.toThrow('held-back')
    const calls = life.heroku.view.apiCalls().length
    for (let day = 0; day < 40; day += 1) {
      life.clock.advance(DAY)
      await tickOf(copy)
    }
    expect(life.heroku.view.apiCalls()).toHaveLength(calls)
    expect((await copy.installation.look()).differs).toEqual(['another database'])
    // Its worker claims nothing either.
    const { rows } = await sql<{ fence: string }>`select fence from keysets`.execute(copy.db)
    expect(rows).toEqual([{ fence: '0' }])
    expect(life.logLines.filter((line) => line.includes('another installation'))).toHaveLength(1)
  })

  test.each(['production', 'the copy'])(
    'that is confirmed beside production is found out at the first look, where %s rotates first: one stops, and none takes a pair back',
    async (first) => {
      const life = await startLife()
      const copy = await copyOf(life)
      await confirmInstallation(copy.db, {
        herokuApi: life.config.herokuApiUrl,
        herokuId: life.config.herokuIdUrl,
        addonId: ADDON.id,
        addonUrl: life.config.addonUrl,
      })
      const workers = first === 'production' ? [life.deps, copy] : [copy, life.deps]
      for (let hour = 0; hour < 35 * 24; hour += 12) {
        life.clock.advance(12 * HOUR)
        for (const deps of workers) await tickOf(deps)
      }
      const states = [await life.state(), await stateOf(copy, life.id)]
      expect(states.filter(({ trust }) => trust.foreignSince !== null)).toHaveLength(1)
      // Until then each due date is served by one of them, and no pair is taken back.
      const firsts = life.pushed().map((pair) => pair.split(',')[0])
      expect(new Set(firsts).size).toBe(firsts.length)
    },
  )
})

describe('in a new epoch', () => {
  /** The number of the epoch that began, and what is known of the add-on's. */
  async function begun(life: Life) {
    await silent(life.deps)
    life.clock.advance(MINUTE)
    const { epoch } = await life.deps.installation.look()
    return { epoch, confirmed: async () => (await life.state()).trust.confirmedEpoch }
  }

  test('a look confirms nothing: a rollback may have been undone a second later', async () => {
    const life = await startLife()
    const { epoch, confirmed } = await begun(life)
    await daysPass(life, 2)
    expect(await confirmed()).toBeLessThan(epoch)
  })

  test('a look in its first two minutes does not end the doubt, and is followed by another', async () => {
    const life = await startLife()
    await rotate(life)
    life.clock.advance(HOUR - MINUTE)
    await begun(life)
    expect(await life.tick()).toMatchObject({ checked: 1 })
    expect((await life.state()).trust.doubtful).toBe(true)
    life.clock.advance(2 * MINUTE)
    expect(await life.tick()).toMatchObject({ checked: 1 })
    expect((await life.state()).trust.doubtful).toBe(false)
  })

  test('a push that Heroku takes confirms it, and the keyring at Heroku says so', async () => {
    const life = await startLife()
    const { epoch, confirmed } = await begun(life)
    await rotate(life)
    expect(await confirmed()).toBe(epoch)
    expect(life.heroku.view.addon(life.id).config.SECURE_KEYRING).toContain(`"mac":"${epoch}.0.k1.`)
  })

  test('a push of before that is found to have arrived confirms nothing', async () => {
    const life = await startLife()
    life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'lost-answer' })
    await rotate(life)
    const { epoch, confirmed } = await begun(life)
    life.clock.advance(HOUR)
    await life.tick()
    expect((await life.state()).rotation).toBeNull()
    expect(await confirmed()).toBeLessThan(epoch)
  })

  test('the config is read once before the next push and once two minutes after it, and then before none', async () => {
    const life = await startLife()
    await begun(life)
    const reads = () =>
      life.heroku.view.apiCalls().filter(({ method, path }) => method === 'GET' && path.endsWith('/config'))
        .length
    const before = reads()
    await rotate(life)
    expect(reads()).toBe(before + 1)
    // Until that look, a push would read first.
    expect((await life.state()).trust.doubtful).toBe(true)
    life.clock.advance(2 * MINUTE)
    await life.tick()
    expect(reads()).toBe(before + 2)
    await rotate(life)
    expect(reads()).toBe(before + 2)
  })

  test('a revoke that a person asks for is one of this epoch, though no worker has looked yet', async () => {
    const life = await startLife()
    const backup = await backUp(life.deps.db)
    await revoke(life)
    const served = life.held()
    await backup.restore(life.deps.db)
    await silent(life.deps)
    // The process that takes the request has looked a second ago.
    await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
    life.clock.advance(MINUTE)
    await life.tick()
    expect([life.held().first, life.held().second]).not.toContain(served.first)
  })
})

test('two processes that see the same failover begin one new epoch', async () => {
  const life = await startLife()
  const other = await life.anotherProcess()
  const { epoch } = await life.deps.installation.look()
  await silent(life.deps)
  const looks = await Promise.all([life.deps.installation.look(), other.installation.look()])
  const [{ epoch: now }] = looks as [{ epoch: number }, { epoch: number }]
  expect(now).toBeGreaterThan(epoch)
  expect((await other.installation.look()).epoch).toBe((await life.deps.installation.look()).epoch)
  const { rows } = await sql<{ epoch: number }>`select epoch from installation`.execute(life.deps.db)
  expect(rows).toEqual([{ epoch: now }])
})

test('whoever has seen an older epoch begins none', async () => {
  const life = await startLife()
  const { epoch } = await life.deps.installation.look()
  const service = { herokuApi: 'a', herokuId: 'b', addonId: 'c', addonUrl: 'd' }
  const place = { ...(await readPlace(life.deps.db)), ...service }
  const epochNow = async () => {
    const { rows } = await sql<{ epoch: number }>`select epoch from installation`.execute(life.deps.db)
    return rows[0]?.epoch
  }
  await raiseEpoch(life.deps.db, epoch, place)
  const raised = await epochNow()
  expect(raised).toBeGreaterThan(epoch)
  await raiseEpoch(life.deps.db, epoch, place)
  expect(await epochNow()).toBe(raised)
})

test('the number of an epoch never comes back, however often one backup is restored', async () => {
  const life = await startLife()
  await life.deps.installation.look()
  const backup = await backUp(life.deps.db)
  const seen: number[] = []
  for (const secondsLater of [0, 100, 200]) {
    await backup.restore(life.deps.db)
    await silent(life.deps)
    seen.push((await life.deps.installation.look()).epoch - secondsLater)
  }
  // Counted in seconds, of which none has passed here; far above the numbers that were there before.
  expect(Math.min(...seen)).toBeGreaterThan(1_000_000)
})
