import { ADDON, type Config } from '../config.ts'
import { createReadiness } from '../flows/readiness.ts'
import { createApp } from '../http/app.ts'
import { createPrivateListener } from '../http/private/listener.ts'
import { compose } from './compose.ts'
import { watchKeks } from './known-keks.ts'
import { runProcess } from './run.ts'

/** Small enough for the smallest Postgres plan, which a deployment shares with commands and the release phase. */
const POOL_SIZE = 6
const CONNECTIONS = 20

await runProcess('web', async (config, logger) => {
  const options = { poolSize: POOL_SIZE, connections: CONNECTIONS, callsForPages: true }
  const { deps, clockOffsetMs, close } = await compose(config, logger, options)
  const keksKnown = await watchKeks(deps, logger)
  const privateListener = config.privateLinkPort === undefined ? undefined : createPrivateListener(logger)
  const app = await createApp(deps, {
    credentials: { username: ADDON.id, password: config.addonPassword },
    dashboard: {
      ssoSalt: config.addonSsoSalt,
      secureCookies: config.addonUrl.startsWith('https:'),
      requireUserSignOn: config.requireUserSignOn,
    },
    logger,
    httpsUrl: config.addonUrl.startsWith('https:') ? config.addonUrl : undefined,
    missing: missingOf(config),
    beforeWork: keksKnown,
    readiness: createReadiness(deps, clockOffsetMs),
    privateListener,
  })
  await app.listen({ host: config.host, port: config.port })
  await privateListener?.listen(app.server, { host: config.host, port: config.privateLinkPort ?? 0 })
  return {
    async stop() {
      await app.close()
      await close()
    },
  }
})

/** The legacy partner API knows no grants, and needs no client secret. */
function missingOf({ addonClientSecret, partnerApi }: Config): string[] {
  return addonClientSecret === undefined && partnerApi === 'v3' ? ['ADDON_CLIENT_SECRET'] : []
}
