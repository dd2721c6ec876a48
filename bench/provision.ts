import type { ProvisionServerOrder } from './candidates/provision-server.ts'
import type { Bench } from './support/bench.ts'
import { createMigrated } from './support/bench-postgres.ts'
import { startChild } from './support/child.ts'
import { startFakeHeroku } from './support/heroku.ts'
import { createProvisionLoad } from './support/provision-load.ts'
import { figure } from './support/report.ts'
import { median, quantile, shuffled, spread } from './support/statistics.ts'

const CASES = [
  { name: 'bare route', kind: 'bare', grant: false },
  { name: 'securekey', kind: 'securekey', grant: false },
  { name: 'securekey, grant exchanged too', kind: 'securekey', grant: true },
] as const
const CONNECTIONS = 32
const STEADY_PER_SECOND = 200

/** Provision requests per second and their p99, against a bare Fastify route with basic auth and one durable insert. */
export const bench: Bench = async ({ postgres, quick }) => {
  const count = quick ? 1_000 : 3_000
  const rounds = quick ? 2 : 5
  const seconds = quick ? 3 : 10
  const heroku = await startFakeHeroku()
  const url = await createMigrated(postgres, 'provision')
  const servers = await Promise.all(
    CASES.map(async (one) => {
      const order: ProvisionServerOrder = { url, herokuUrl: heroku.ready.url, kind: one.kind }
      const server = await startChild<{ url: string }>(
        new URL('./candidates/provision-server.ts', import.meta.url),
        order,
      )
      const load = createProvisionLoad(server.ready.url, { grant: one.grant, connections: CONNECTIONS })
      await load.full(500)
      return {
        ...one,
        server,
        load,
        perSecond: [] as number[],
        p99: [] as number[],
        steadyP99: [] as number[],
      }
    }),
  )
  for (let round = 0; round < rounds; round += 1) {
    for (const one of shuffled(servers)) {
      const { perSecond, timesMs } = await one.load.full(count)
      one.perSecond.push(perSecond)
      one.p99.push(quantile(timesMs, 0.99))
      one.steadyP99.push(quantile(await one.load.steady(STEADY_PER_SECOND, seconds), 0.99))
    }
  }
  for (const { load, server } of servers) {
    await load.close()
    await server.stop()
  }
  await heroku.stop()
  const bare = median(servers[0]?.perSecond ?? [])
  return {
    table: servers.map(({ name, perSecond, p99, steadyP99 }) => ({
      route: name,
      'requests/s': figure(median(perSecond)),
      spread: spread(perSecond),
      'times bare': (median(perSecond) / bare).toFixed(2),
      'p99 ms': figure(median(p99)),
      'p99 ms at 200/s': figure(median(steadyP99)),
    })),
    notes: [
      `${count} requests over ${CONNECTIONS} connections and ${seconds} s at ${STEADY_PER_SECOND}/s, ${rounds} shuffled rounds. The load comes from the same machine.`,
    ],
    raw: servers.map(({ name, perSecond, p99, steadyP99 }) => ({ name, perSecond, p99, steadyP99 })),
  }
}
