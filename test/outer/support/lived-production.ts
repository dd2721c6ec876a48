import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, vi } from 'vitest'
import { pickPort } from '../../../local/ports.ts'
import { createSimulator, type Simulator } from '../../../simulator/src/simulator.ts'
import { systemNow } from '../../../src/clock.ts'
import { addonAt } from '../../support/harness.ts'
import { heldBy, keysIn, kindsOf, makeDue, newAddon, PATIENCE, pushedTo } from './addon-of-environment.ts'
import { type Environment, environment } from './environment.ts'
import { migrated } from './migrated.ts'
import {
  baseBackupOf,
  dumpTo,
  type Files,
  newCluster,
  newFolder,
  query,
  startCluster,
} from './postgres-cluster.ts'

/** What happened to each add-on of a production between its backup and now. */
export const ADDONS = [
  /** Rotated twice. */
  'rotated',
  /** Rotated twice, and then revoked. */
  'revoked',
  /** A rotation was under way in the backup; it ended, and another one followed. */
  'opened',
  /** A revoke was under way in the backup; it ended, and a rotation and another revoke followed. */
  'revoking',
  /** The grace period of its old key ended, and a filler took the place of that. */
  'ended',
  /** Somebody else with its token has set a pair that no database of ours knows. */
  'foreign',
] as const

export type AddonName = (typeof ADDONS)[number]

/** A production that was backed up and lived on, with all that is left of it when it has stopped. */
export type LivedProduction = {
  ids: Record<AddonName, string>
  /** Where its Postgres and its simulated Heroku listened: what is in its place listens there too. */
  port: number
  /** What `pg_dump` wrote, and the files that `pg_basebackup` copied, before all that happened. */
  dump: string
  files: Files
  /** The files of its server at the end. */
  present: Files
  /** Keys that leaked after the backup and were revoked: none of them may come back. */
  bad: string[]
  /** Heroku as it was at the end; every test gets one of its own. */
  heroku: () => Promise<Simulator>
  remove: () => Promise<void>
}

/** Lets a production live through all of it, and ends it. */
export async function liveProduction(): Promise<LivedProduction> {
  // Of the user who runs Postgres: `pg_dump` writes there.
  const own = newFolder()
  const folder = dirname(own.dataDir)
  const [dump, state] = [join(folder, 'dump'), join(folder, 'heroku.json')]
  const present = newCluster()
  const herokuPort = (await pickPort(undefined)).port
  const ends: (() => Promise<void>)[] = []
  try {
    const cluster = await startCluster(present)
    ends.push(cluster.stop)
    const heroku = await startHeroku(state, herokuPort)
    ends.push(heroku.close)
    const url = cluster.url('production')
    await query(cluster.url('postgres'), 'create database production')
    await migrated(url)
    const place = environment({ databaseUrl: url, heroku, whenFinished: (end) => ends.push(end) })
    const [web] = await Promise.all([place.startWeb(), place.startWorker()])
    heroku.setAddonUrl(web.url)
    const ids = await liveUntilBackup(place, heroku)
    dumpTo(dump, url)
    const files = baseBackupOf(cluster)
    heroku.faults.clear()
    const bad = await liveOn(place, heroku, ids)
    let worlds = 0
    return {
      ids,
      port: cluster.port,
      dump,
      files,
      present,
      bad,
      async heroku() {
        worlds += 1
        const copy = join(folder, `heroku-${worlds}.json`)
        cpSync(state, copy)
        setByHand(copy, 'foreign')
        return await startHeroku(copy, herokuPort)
      },
      async remove() {
        for (const each of [files, present, own]) await each.remove()
      },
    }
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

/** Makes the add-ons. The new keys of two of them are stored when it returns, and Heroku takes none of them. */
async function liveUntilBackup(place: Environment, heroku: Simulator): Promise<Record<AddonName, string>> {
  const ids = {} as Record<AddonName, string>
  await Promise.all(
    ADDONS.map(async (name) => {
      ids[name] = (await newAddon(heroku, place, name)).id
    }),
  )
  await until(place, heroku, 'rotated', ids.ended, () => makeDue(place, ids.ended))
  await place.query('update resources set grace_period_seconds = 3600 where id = $1', [ids.ended])
  const down = { kind: 'status', status: 503 } as const
  for (const id of [ids.opened, ids.revoking]) {
    heroku.faults.add({ match: { method: 'PATCH', addon: id }, ...down, times: 100 })
  }
  await makeDue(place, ids.opened)
  await place.run('rotations', 'replace', ids.revoking)
  for (const id of [ids.opened, ids.revoking]) {
    await vi.waitFor(async () => expect(await keysIn(place, id)).toMatchObject({ pending: 3 }), PATIENCE)
    // Refused before the faults end: the dumps hold up the simulator, and what comes meanwhile it would take afterwards.
    await vi.waitFor(() => expect(pushedTo(heroku, id)).not.toEqual([]), PATIENCE)
  }
  return ids
}

/** What comes after the backup. Returns the keys that leaked. */
async function liveOn(
  place: Environment,
  heroku: Simulator,
  ids: Record<AddonName, string>,
): Promise<string[]> {
  const step = (kind: string, names: AddonName[], work: (id: string) => Promise<unknown>) =>
    Promise.all(names.map((name) => until(place, heroku, kind, ids[name], () => work(ids[name]))))
  const wake = (id: string) => place.query('update keysets set wake_at = now() where resource_id = $1', [id])
  const endGrace = (id: string) =>
    place.query('update keysets set second_until = now(), wake_at = now() where resource_id = $1', [id])
  await step('rotated', ['opened', 'revoking'], wake)
  await step('rotated', ['rotated', 'revoked', 'opened', 'revoking'], (id) => makeDue(place, id))
  await step('rotated', ['rotated', 'revoked'], (id) => makeDue(place, id))
  const leaked = [ids.revoked, ids.revoking].flatMap((id) => Object.values(heldBy(heroku, id)))
  await step('rotated', ['revoked', 'revoking'], (id) => place.run('rotations', 'replace', id))
  await step('filler-published', ['ended'], endGrace)
  return leaked
}

async function startHeroku(statePath: string, port: number): Promise<Simulator> {
  const heroku = createSimulator({ now: systemNow, addon: addonAt('http://127.0.0.1:1'), statePath })
  await heroku.listen({ port })
  return heroku
}

/** Changes what the app of that name holds, in a saved state: a customer cannot. */
function setByHand(statePath: string, app: string): void {
  const pair = ['AB', 'CD'].map((byte) => byte.repeat(32)).join(',')
  const saved = JSON.parse(readFileSync(statePath, 'utf8'))
  for (const [, each] of saved.apps) if (each.name === app) each.config.SECURE_KEY = pair
  writeFileSync(statePath, JSON.stringify(saved))
}

/** Does something, and waits until one more of such events is in the history and Heroku has the pair. */
async function until(
  place: Environment,
  heroku: Simulator,
  kind: string,
  id: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const count = async () => (await kindsOf(place, id)).filter((each) => each === kind).length
  const before = await count()
  const held = heldBy(heroku, id)
  await work()
  await vi.waitFor(async () => expect(await count()).toBe(before + 1), PATIENCE)
  expect(heldBy(heroku, id)).not.toEqual(held)
}
