import type { ProvisionServerOrder } from './candidates/provision-server.ts'
import type { Bench } from './support/bench.ts'
import { createMigrated } from './support/bench-postgres.ts'
import { startChild } from './support/child.ts'
import { startFakeHeroku } from './support/heroku.ts'
import { createProvisionLoad } from './support/provision-load.ts'
import { badlyProvisioned, grantsDone } from './support/provisioned.ts'
import { figure, target } from './support/report.ts'
import { median, quantile, shuffled, spread, timesOf } from './support/statistics.ts'

const CASES = [
  { name: 'bare route', kind: 'bare', grant: false },
  { name: 'securekey', kind: 'securekey', grant: false },
  { name: 'securekey, grant exchanged too', kind: 'securekey', grant: true },
] as const
const CONNECTIONS = 32
const STEADY_PER_SECOND = 200
const WARM_UP = 500

/** Provision requests per second and their p99, against a bare Fastify route with basic auth and one durable insert. */
export const bench: Bench = async ({ postgres, quick }) => {
  const count = quick ? 1_000 : 3_000
  const rounds = quick ? 2 : 5
  const seconds = quick ? 3 : 10
  const heroku = await startFakeHeroku()
  const servers = []
  for (const [index, one] of CASES.entries()) {
    const url = await createMigrated(postgres, `provision_${index}`)
    const order: ProvisionServerOrder = { url, herokuUrl: heroku.ready.url, kind: one.kind }
    const server = await startChild<{ url: string }>(
      new URL('./candidates/provision-server.ts', import.meta.url),
      order,
    )
    const load = createProvisionLoad(server.ready.url, { grant: one.grant, connections: CONNECTIONS })
    await load.full(WARM_UP)
    const own = { perSecond: [] as number[], p99: [] as number[], steadyP99: [] as number[] }
    servers.push({ ...one, url, server, load, ...own, settledMs: [] as number[] })
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const one of shuffled(servers)) {
      if (one.grant) await grantsDone(one.url)
      const startedAt = performance.now()
      const { perSecond, timesMs } = await one.load.full(count)
      one.perSecond.push(perSecond)
      one.p99.push(quantile(timesMs, 0.99))
      if (one.grant) await grantsDone(one.url)
      one.settledMs.push(performance.now() - startedAt)
      one.steadyP99.push(quantile(await one.load.steady(STEADY_PER_SECOND, seconds), 0.99))
    }
  }
  const sent = WARM_UP + rounds * (count + STEADY_PER_SECOND * seconds)
  let wrong = 0
  for (const { kind, grant, url, load, server } of servers) {
    await load.close()
    await server.stop()
    if (kind === 'securekey') wrong += await badlyProvisioned(url, { sent, grant })
  }
  await heroku.stop()
  const [bare, plain, exchanged] = servers
  if (!bare || !plain || !exchanged) throw new Error('a case is missing')
  return {
    table: servers.map(({ name, grant, perSecond, p99, steadyP99, settledMs }) => ({
      route: name,
      'requests/s': figure(median(perSecond)),
      spread: spread(perSecond),
      'times bare': median(timesOf(perSecond, bare.perSecond)).toFixed(2),
      'spread ': spread(timesOf(perSecond, bare.perSecond)),
      'grants exchanged/s': grant ? figure((count / median(settledMs)) * 1_000) : '',
      'p99 ms': figure(median(p99)),
      'p99 ms at 200/s': figure(median(steadyP99)),
    })),
    targets: [
      target('requests/s, of the bare route', timesOf(plain.perSecond, bare.perSecond), {
        floor: 0.55,
        stretch: 0.85,
      }),
      target('with the grant exchanged', timesOf(exchanged.perSecond, bare.perSecond), {
        floor: 0.33,
        stretch: 0.55,
      }),
    ],
    notes: [
      `${count} requests over ${CONNECTIONS} connections and ${seconds} s at ${STEADY_PER_SECOND}/s, ${rounds} shuffled rounds. The load comes from the same machine.`,
      'Grants are exchanged after the answer. Their rate counts the time until the last one is.',
      `Each securekey route has stored ${sent} resources; wrong of them: ${wrong}.`,
    ],
    raw: servers.map(({ name, perSecond, p99, steadyP99, settledMs }) => {
      return { name, perSecond, p99, steadyP99, settledMs }
    }),
  }
}
