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
import {
  type Drill,
  expectGoesOn,
  expectNobodyCalledBeforeConfirm,
  expectTakenOver,
  makeAllDue,
} from './support/drill.ts'
import { type Environment, environment } from './support/environment.ts'
import { type LivedProduction, liveProduction } from './support/lived-production.ts'
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

const TEST_LIMIT_MS = 240_000

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

/** An environment on that database of a server. */
const at = (
  cluster: Cluster,
  database: string,
  world: Simulator,
  env: Record<string, string> = {},
): Drill => {
  const options = { databaseUrl: cluster.url(database), heroku: world, env, whenFinished: onTestFinished }
  return { past, world, place: environment(options) }
}

/** Whether the last look that was asked for has been made. */
const looks = async (place: Environment, id: string) =>
  (
    await place.query<{ looked: boolean }>(
      'select check_at > now() as looked from keysets where resource_id = $1',
      [id],
    )
  )[0]?.looked

describe.skipIf(isMissing(POSTGRES))(
  'a production that is put back to its backup',
  { timeout: TEST_LIMIT_MS },
  () => {
    beforeAll(async () => {
      past = await liveProduction()
    })
    afterAll(() => past?.remove())

    test('in place, within ten minutes, takes over what Heroku holds and goes on from there', async () => {
      const [world, cluster] = [await heroku(), await serve(past.present)]
      const drill = at(cluster, 'production', world)
      const { place } = drill
      restoreFrom(past.dump, place.databaseUrl, { clean: true })
      // This server was started after the backup. Production's was not, so its start would tell nothing.
      await place.query(
        `update installation set server_started = (pg_postmaster_start_time() at time zone 'utc')::text`,
      )
      await makeAllDue(drill)
      await place.startWorker()
      await expectTakenOver(drill)
      await expectGoesOn(drill)
    })

    test('stops at a pair that nobody here made, says so, and obeys whoever decides', async () => {
      const [world, cluster] = [await heroku(), await serve(past.files)]
      const drill = at(cluster, 'production', world)
      const { place } = drill
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
      const drill = at(cluster, 'production', world)
      const { place } = drill
      restoreFrom(past.dump, place.databaseUrl, { clean: true })
      // Written as the service writes it: nothing but the heartbeat tells that time has passed.
      await place.query(
        `update installation set last_seen = now() - interval '11 minutes', server_started =
         (pg_postmaster_start_time() at time zone 'utc')::text, written_by = pg_current_xact_id()::text::bigint`,
      )
      await makeAllDue(drill)
      await place.startWorker()
      await expectTakenOver(drill)
    })

    test('by files that take the place of its own takes over what Heroku holds', async () => {
      const [world, cluster] = [await heroku(), await serve(past.files)]
      const drill = at(cluster, 'production', world)
      const { place } = drill
      await makeAllDue(drill)
      await place.startWorker()
      await expectTakenOver(drill)
    })

    test('by a standby that had fallen behind and was promoted takes over what Heroku holds', async () => {
      const files = copyOf(past.files)
      onTestFinished(() => files.remove())
      runProgram('touch', [`${files.dataDir}/standby.signal`])
      const [world, cluster] = [await heroku(), await serve(files)]
      await promote(cluster)
      const drill = at(cluster, 'production', world)
      const { place } = drill
      await makeAllDue(drill)
      await place.startWorker()
      await expectTakenOver(drill)
    })

    test('in a database of another name calls nobody before it is confirmed, then takes over', async () => {
      const [world, cluster] = [await heroku(), await serve(past.present)]
      await query(cluster.url('postgres'), 'create database restored')
      const drill = at(cluster, 'restored', world)
      const { place } = drill
      restoreFrom(past.dump, place.databaseUrl)
      expect(await place.run('installation', 'show')).toMatch(/Not confirmed \(another database\)/)
      await expectNobodyCalledBeforeConfirm(drill, /another database/)
    })

    test('in a database that was dropped and made anew under its name calls nobody before it is confirmed', async () => {
      const [world, cluster] = [await heroku(), await serve(past.present)]
      await query(cluster.url('postgres'), 'drop database production')
      await query(cluster.url('postgres'), 'create database production')
      const drill = at(cluster, 'production', world)
      const { place } = drill
      restoreFrom(past.dump, place.databaseUrl)
      await expectNobodyCalledBeforeConfirm(drill, /another database/)
    })

    test('in another cluster calls nobody before it is confirmed, then takes over', async () => {
      const files = newCluster()
      onTestFinished(() => files.remove())
      const [world, cluster] = [await heroku(), await serve(files)]
      await query(cluster.url('postgres'), 'create database production')
      const drill = at(cluster, 'production', world)
      const { place } = drill
      restoreFrom(past.dump, place.databaseUrl)
      await expectNobodyCalledBeforeConfirm(drill, /another Postgres cluster/, { restarted: false })
    })

    test('as files beside production, with an address of its own, calls nobody before it is confirmed', async () => {
      const [world, cluster] = [await heroku(), await serve(past.files, { elsewhere: true })]
      const drill = at(cluster, 'production', world, { ADDON_URL: 'https://staging.example.com' })
      await expectNobodyCalledBeforeConfirm(drill, /another ADDON_URL/)
    })

    test('as files beside production, with the very same settings, stops at the first look behind its back', async () => {
      const [world, live, copied] = [
        await heroku(),
        await serve(past.present),
        await serve(past.files, { elsewhere: true }),
      ]
      const { place: production } = at(live, 'production', world)
      const drill = at(copied, 'production', world)
      const { place: copy } = drill
      const id = past.ids.rotated
      await makeAllDue(drill)
      const early = await copy.startWorker()
      await expectTakenOver(drill)
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
