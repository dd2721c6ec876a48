import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Simulator } from '../../simulator/src/simulator.ts'
import {
  asStored,
  heldBy,
  keysIn,
  kindsOf,
  makeDue,
  PATIENCE,
  pushedTo,
} from './support/addon-of-environment.ts'
import { type Environment, environment } from './support/environment.ts'
import { type AddonName, type LivedProduction, liveProduction } from './support/lived-production.ts'
import {
  type Cluster,
  copyOf,
  type Files,
  newCluster,
  promote,
  query,
  restoreFrom,
  startCluster,
} from './support/postgres-cluster.ts'
import { POSTGRES, runProgram } from './support/postgres-programs.ts'
import { isMissing } from './support/toolchain.ts'

const TEST_LIMIT_MS = 90_000
/** All but the one that a customer has set by hand. */
const ADOPTABLE: AddonName[] = ['rotated', 'revoked', 'opened', 'revoking', 'ended']

let past: LivedProduction

/** A server on a copy of these files, where production's was or elsewhere. */
async function serve(files: Files, { elsewhere = false } = {}): Promise<Cluster> {
  const copy = copyOf(files)
  onTestFinished(() => copy.remove())
  const cluster = await startCluster(copy, elsewhere ? undefined : { port: past.port })
  onTestFinished(() => cluster.kill())
  return cluster
}

async function heroku(): Promise<Simulator> {
  const started = await past.heroku()
  onTestFinished(() => started.close())
  return started
}

const at = (databaseUrl: string, world: Simulator, env: Record<string, string> = {}) =>
  environment({ databaseUrl, heroku: world, env, whenFinished: onTestFinished })

/** Whether the last look that was asked for has been made. */
const looks = async (place: Environment, id: string) =>
  (
    await place.query<{ looked: boolean }>(
      'select check_at > now() as looked from keysets where resource_id = $1',
      [id],
    )
  )[0]?.looked

/** All dates have come, as they have after the time that a restore takes. */
const allDue = (place: Environment) => makeDue(place, ...Object.values(past.ids))

/** A worker finds Heroku ahead: it takes over what can be, stops at the rest, and pushes nothing at all. */
async function expectTakenOver(place: Environment, world: Simulator): Promise<void> {
  const found = async () => {
    const names = Object.keys(past.ids) as AddonName[]
    const kinds = await Promise.all(
      names.map(async (name) => [name, (await kindsOf(place, past.ids[name])).at(-1)]),
    )
    return Object.fromEntries(kinds)
  }
  await expect.poll(found, PATIENCE).toEqual({
    ...Object.fromEntries(ADOPTABLE.map((name) => [name, 'config-adopted'])),
    foreign: 'config-foreign',
  })
  for (const name of ADOPTABLE) {
    expect(await keysIn(place, past.ids[name]), name).toEqual(asStored(world, past.ids[name]))
  }
  expect(Object.values(past.ids).flatMap((id) => pushedTo(world, id))).toEqual([])
}

/** The schedule goes on from what was taken over, and no key that was revoked comes back. */
async function expectGoesOn(place: Environment, world: Simulator): Promise<void> {
  const ids = ADOPTABLE.map((name) => past.ids[name])
  const before = ids.map((id) => heldBy(world, id).first)
  await makeDue(place, ...ids)
  for (const [index, id] of ids.entries()) {
    await expect.poll(() => heldBy(world, id).second, PATIENCE).toBe(before[index])
    expect(pushedTo(world, id)).toHaveLength(1)
    expect(past.bad.some((key) => pushedTo(world, id).join().includes(key))).toBe(false)
  }
}

/** Nobody is called and nothing is provisioned before a person confirms; then it goes on by itself. */
async function expectNobodyCalledBeforeConfirm(
  place: Environment,
  world: Simulator,
  differs: RegExp,
): Promise<void> {
  await allDue(place)
  const [web, worker] = await Promise.all([place.startWeb(), place.startWorker()])
  await worker.printed(/another installation: nobody is called/)
  const { status, text } = await web.readiness()
  expect({ status, text }).toEqual({ status: 503, text: expect.stringMatching(differs) })
  expect(world.view.apiCalls()).toEqual([])
  const confirmedAt = new Date().toISOString()
  expect(await place.run('installation', 'confirm')).toMatch(/^Confirmed \(/)
  // By itself it would go on within ten seconds.
  await place.startWorker()
  await expectTakenOver(place, world)
  expect(world.view.apiCalls().every(({ at }) => at > confirmedAt)).toBe(true)
  await expect.poll(async () => (await web.readiness()).status, PATIENCE).toBe(200)
}

describe.skipIf(isMissing(POSTGRES))(
  'a production that is put back to its backup',
  { timeout: TEST_LIMIT_MS },
  () => {
    beforeAll(async () => {
      past = await liveProduction()
    }, 120_000)
    afterAll(() => past?.remove())

    test('in place, within ten minutes, takes over what Heroku holds and goes on from there', async () => {
      const [world, cluster] = [await heroku(), await serve(past.present)]
      const place = at(cluster.url('production'), world)
      restoreFrom(past.dump, place.databaseUrl, { clean: true })
      // This server was started after the backup. Production's was not, so its start would tell nothing.
      await place.query(
        `update installation set server_started = (pg_postmaster_start_time() at time zone 'utc')::text`,
      )
      await allDue(place)
      await place.startWorker()
      await expectTakenOver(place, world)
      await expectGoesOn(place, world)
    })

    test('stops at a pair that nobody here made, says so, and obeys whoever decides', async () => {
      const [world, cluster] = [await heroku(), await serve(past.files)]
      const place = at(cluster.url('production'), world)
      const id = past.ids.foreign
      await makeDue(place, id)
      const worker = await place.startWorker()
      await worker.printed(/Heroku holds a pair that was never made here/)
      expect(await place.run('rotations', 'show', id)).toMatch(
        /foreign since .*rotations adopt.*rotations replace/,
      )
      const held = heldBy(world, id)
      await place.run('rotations', 'adopt', id)
      await expect.poll(() => keysIn(place, id), PATIENCE).toEqual(asStored(world, id))
      expect(pushedTo(world, id)).toEqual([])
      await place.run('rotations', 'replace', id)
      await expect.poll(() => pushedTo(world, id).length, PATIENCE).toBe(1)
      await expect.poll(() => keysIn(place, id), PATIENCE).toEqual(asStored(world, id))
      for (const key of Object.values(held)) expect(pushedTo(world, id).join()).not.toContain(key)
    })

    test('in place, long after its last tick, takes over what Heroku holds', async () => {
      const [world, cluster] = [await heroku(), await serve(past.present)]
      const place = at(cluster.url('production'), world)
      restoreFrom(past.dump, place.databaseUrl, { clean: true })
      // Written as the service writes it: nothing but the heartbeat tells that time has passed.
      await place.query(
        `update installation set last_seen = now() - interval '11 minutes', server_started =
         (pg_postmaster_start_time() at time zone 'utc')::text, written_by = pg_current_xact_id()::text::bigint`,
      )
      await allDue(place)
      await place.startWorker()
      await expectTakenOver(place, world)
    })

    test('by files that take the place of its own takes over what Heroku holds', async () => {
      const [world, cluster] = [await heroku(), await serve(past.files)]
      const place = at(cluster.url('production'), world)
      await allDue(place)
      await place.startWorker()
      await expectTakenOver(place, world)
    })

    test('by a standby that had fallen behind and was promoted takes over what Heroku holds', async () => {
      const files = copyOf(past.files)
      onTestFinished(() => files.remove())
      runProgram('touch', [`${files.dataDir}/standby.signal`])
      const [world, cluster] = [await heroku(), await serve(files)]
      await promote(cluster)
      const place = at(cluster.url('production'), world)
      await allDue(place)
      await place.startWorker()
      await expectTakenOver(place, world)
    })

    test('in a database of another name calls nobody before it is confirmed, then takes over', async () => {
      const [world, cluster] = [await heroku(), await serve(past.present)]
      await query(cluster.url('postgres'), 'create database restored')
      const place = at(cluster.url('restored'), world)
      restoreFrom(past.dump, place.databaseUrl)
      expect(await place.run('installation', 'show')).toMatch(/Not confirmed \(another database\)/)
      await expectNobodyCalledBeforeConfirm(place, world, /another database/)
    })

    test('in a database that was dropped and made anew under its name calls nobody before it is confirmed', async () => {
      const [world, cluster] = [await heroku(), await serve(past.present)]
      await query(cluster.url('postgres'), 'drop database production')
      await query(cluster.url('postgres'), 'create database production')
      const place = at(cluster.url('production'), world)
      restoreFrom(past.dump, place.databaseUrl)
      await expectNobodyCalledBeforeConfirm(place, world, /another database/)
    })

    test('in another cluster calls nobody before it is confirmed, then takes over', async () => {
      const files = newCluster()
      onTestFinished(() => files.remove())
      const [world, cluster] = [await heroku(), await serve(files)]
      await query(cluster.url('postgres'), 'create database production')
      const place = at(cluster.url('production'), world)
      restoreFrom(past.dump, place.databaseUrl)
      await expectNobodyCalledBeforeConfirm(place, world, /another Postgres cluster/)
    })

    test('as files beside production, with an address of its own, calls nobody before it is confirmed', async () => {
      const [world, cluster] = [await heroku(), await serve(past.files, { elsewhere: true })]
      const place = at(cluster.url('production'), world, { ADDON_URL: 'https://staging.example.com' })
      await expectNobodyCalledBeforeConfirm(place, world, /another ADDON_URL/)
    })

    test('as files beside production, with the very same settings, stops at the first look behind its back', async () => {
      const [world, live, copied] = [
        await heroku(),
        await serve(past.present),
        await serve(past.files, { elsewhere: true }),
      ]
      const production = at(live.url('production'), world)
      const copy = at(copied.url('production'), world)
      const id = past.ids.rotated
      await allDue(copy)
      const early = await copy.startWorker()
      await expectTakenOver(copy, world)
      await early.kill()
      // Minutes later: what production publishes now is no past of the copy.
      await copy.query(
        `update installation
            set epoch_at = now() - interval '2 minutes', written_by = pg_current_xact_id()::text::bigint`,
      )
      await Promise.all([production.startWorker(), copy.startWorker()])
      for (let rotations = 1; rotations <= 2; rotations += 1) {
        const before = heldBy(world, id)
        await makeDue(production, id)
        await expect.poll(() => heldBy(world, id).second, PATIENCE).toBe(before.first)
        await copy.query('update keysets set check_at = now() where resource_id = $1', [id])
        await makeDue(copy, id)
        await expect.poll(async () => (await kindsOf(copy, id)).at(-1), PATIENCE).toBe('config-foreign')
      }
      await expect.poll(() => looks(copy, id), PATIENCE).toBe(true)
      expect(pushedTo(world, id)).toHaveLength(2)
      expect(await keysIn(production, id)).toEqual(asStored(world, id))
      expect(await kindsOf(production, id)).not.toContain('config-foreign')
    })
  },
)
