import { ADDON } from '../config.ts'
import { createApp } from '../http/app.ts'
import { missingMigrations } from '../store/migrations.ts'
import { compose } from './compose.ts'
import { runProcess } from './run.ts'

/** Small enough for the smallest Postgres plan, which a deployment shares with commands and the release phase. */
const POOL_SIZE = 6
const CONNECTIONS = 20

await runProcess('web', async (config, logger) => {
  const { deps, close } = await compose(config, logger, { poolSize: POOL_SIZE, connections: CONNECTIONS })
  const app = await createApp(deps, {
    credentials: { username: ADDON.id, password: config.addonPassword },
    dashboard: {
      ssoSalt: config.addonSsoSalt,
      secureCookies: config.addonUrl.startsWith('https:'),
    },
    logger,
    notReadyBecause: async () => {
      const missing = await missingMigrations(deps.db)
      if (missing.length > 0) return `${missing.length} migrations are missing`
      const { differs } = await deps.installation.look()
      return differs.length === 0 ? undefined : `not confirmed: ${differs.join(', ')}`
    },
  })
  await app.listen({ host: config.host, port: config.port })
  return {
    async stop() {
      await app.close()
      await close()
    },
  }
})
