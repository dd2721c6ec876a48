import { ADDON } from '../config.ts'
import { createReadiness } from '../flows/readiness.ts'
import { createApp } from '../http/app.ts'
import { compose } from './compose.ts'
import { runProcess } from './run.ts'

/** Small enough for the smallest Postgres plan, which a deployment shares with commands and the release phase. */
const POOL_SIZE = 6
const CONNECTIONS = 20

await runProcess('web', async (config, logger) => {
  const options = { poolSize: POOL_SIZE, connections: CONNECTIONS, callsForPages: true }
  const { deps, clockOffsetMs, close } = await compose(config, logger, options)
  const app = await createApp(deps, {
    credentials: { username: ADDON.id, password: config.addonPassword },
    dashboard: {
      ssoSalt: config.addonSsoSalt,
      secureCookies: config.addonUrl.startsWith('https:'),
    },
    logger,
    readiness: createReadiness(deps, clockOffsetMs),
  })
  await app.listen({ host: config.host, port: config.port })
  return {
    async stop() {
      await app.close()
      await close()
    },
  }
})
