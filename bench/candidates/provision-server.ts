import basicAuth from '@fastify/basic-auth'
import Fastify from 'fastify'
import pg from 'pg'
import { compose } from '../../src/bin/compose.ts'
import { ADDON } from '../../src/config.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/logger.ts'
import { BENCH_PASSWORD, benchConfig } from '../support/bench-config.ts'
import { serveParent } from '../support/child.ts'

export type ProvisionServerOrder = { url: string; herokuUrl: string; kind: 'securekey' | 'bare' }

/** As in `src/bin/web.ts`. */
const POOL_SIZE = 6
const CONNECTIONS = 20

/** The web process of this service, or a route that does the least that could be called provisioning. */
await serveParent<ProvisionServerOrder, null>(async (order) => {
  const { app, close } = await (order.kind === 'bare' ? createBare(order) : createReal(order))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    ready: { url },
    answer: async () => undefined,
    async close() {
      await app.close()
      await close()
    },
  }
})

async function createReal({ url, herokuUrl }: ProvisionServerOrder) {
  const config = benchConfig({ url, herokuUrl })
  const logger = createLogger({ level: 'info', process: 'bench' })
  const { deps, close } = await compose(config, logger, { poolSize: POOL_SIZE, connections: CONNECTIONS })
  const app = await createApp(deps, {
    credentials: { username: ADDON.id, password: BENCH_PASSWORD },
    dashboard: { ssoSalt: config.addonSsoSalt, secureCookies: false },
    logger,
    readiness: { troubles: async () => [], mayProvision: async () => true },
  })
  return { app, close }
}

/** Basic auth and one durable insert; no keys, no sealing, no log line. */
async function createBare({ url }: ProvisionServerOrder) {
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE })
  await pool.query('create table if not exists bare (id uuid primary key, body jsonb not null)')
  const app = Fastify()
  await app.register(basicAuth, {
    async validate(username, password) {
      if (username !== ADDON.id || password !== BENCH_PASSWORD) throw new Error('no')
    },
  })
  app.addHook('onRequest', app.basicAuth)
  app.post<{ Body: { uuid: string } }>('/heroku/resources', async (request) => {
    const { uuid } = request.body
    await pool.query({
      name: 'insert',
      text: 'insert into bare (id, body) values ($1, $2)',
      values: [uuid, request.body],
    })
    return { id: uuid }
  })
  return { app, close: () => pool.end() }
}
