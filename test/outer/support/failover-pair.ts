import { expect } from 'vitest'
import { createSimulator, type Simulator } from '../../../simulator/src/simulator.ts'
import { systemNow } from '../../../src/clock.ts'
import type { ServiceProcess } from '../../acceptance/support/process.ts'
import { addonAt } from '../../support/harness.ts'
import { PATIENCE } from './addon-of-environment.ts'
import { type Environment, environment, type Web } from './environment.ts'
import { migrated } from './migrated.ts'
import {
  baseBackupOf,
  type Cluster,
  copyOf,
  type Files,
  newCluster,
  promote,
  query,
  startCluster,
} from './postgres-cluster.ts'
import { startTcpSwitch } from './tcp-switch.ts'

/** The service on a primary that a standby follows, behind an address that leads to one of them. */
export type FailoverPair = Environment & {
  heroku: Simulator
  web: Web
  worker: ServiceProcess
  primary: Cluster
  /** The standby takes no more from the primary, which commits alone from now on. */
  cutStandbyOff: () => Promise<void>
  /** Makes the standby the primary, and leads the address to it. Returns when that was done. */
  switchOver: () => Promise<number>
}

/** The files of a server with a migrated database, to be copied. */
export async function migratedFiles(): Promise<Files> {
  const files = newCluster()
  const cluster = await startCluster(files)
  await query(cluster.url('postgres'), 'create database production')
  await migrated(cluster.url('production'))
  await cluster.stop()
  return files
}

/** Starts all of it; `synchronous`: a commit waits until the standby has it. */
export async function startFailoverPair(
  pattern: Files,
  { synchronous }: { synchronous: boolean },
  whenFinished: (end: () => Promise<void>) => void,
): Promise<FailoverPair> {
  const primary = await run(copyOf(pattern), whenFinished)
  const standby = await run(baseBackupOf(primary, { standby: true }), whenFinished)
  const state = () =>
    query<{ sync_state: string }>(primary.url('postgres'), 'select sync_state from pg_stat_replication')
  if (synchronous) await set(primary, 'synchronous_standby_names', 'standby')
  await expect.poll(state, PATIENCE).toEqual([{ sync_state: synchronous ? 'sync' : 'async' }])
  const address = await startTcpSwitch(primary.port)
  whenFinished(() => address.close())
  const heroku = createSimulator({ now: systemNow, addon: addonAt('http://127.0.0.1:1') })
  await heroku.listen({ port: 0 })
  whenFinished(() => heroku.close())
  let leading = primary
  const service = environment({
    databaseUrl: `postgres://postgres@127.0.0.1:${address.port}/production`,
    directUrl: () => leading.url('production'),
    heroku,
    whenFinished,
  })
  const [web, worker] = await Promise.all([service.startWeb(), service.startWorker()])
  heroku.setAddonUrl(web.url)
  return {
    ...service,
    heroku,
    web,
    worker,
    primary,
    cutStandbyOff: async () => {
      await set(standby, 'primary_conninfo', '')
      await expect.poll(state, PATIENCE).toEqual([])
    },
    async switchOver() {
      await promote(standby)
      leading = standby
      address.leadTo(standby.port)
      return performance.now()
    },
  }
}

async function run(files: Files, whenFinished: (end: () => Promise<void>) => void): Promise<Cluster> {
  whenFinished(async () => files.remove())
  const cluster = await startCluster(files)
  whenFinished(() => cluster.kill())
  return cluster
}

async function set({ url }: Cluster, name: string, value: string): Promise<void> {
  await query(url('postgres'), `alter system set ${name} = '${value}'`)
  await query(url('postgres'), 'select pg_reload_conf()')
}
