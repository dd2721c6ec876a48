// `npm run api-page`: writes down in docs/api.md what /v1/openapi.json says. It needs no database and calls nobody.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compose } from '../src/bin/compose.ts'
import { readConfig } from '../src/config.ts'
import { createApp } from '../src/http/app.ts'
import { createLogger } from '../src/logger.ts'
import { apiPage } from './api-page.ts'

const FILE = fileURLToPath(new URL('../docs/api.md', import.meta.url))

const config = readConfig({
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  ADDON_URL: 'http://127.0.0.1:1',
  ADDON_PASSWORD: 'none',
  ADDON_SSO_SALT: 'no-salt',
  SEALING_KEYS: `none:${Buffer.alloc(32, 1).toString('base64')}`,
})
const logger = createLogger({ level: 'fatal', process: 'api-page' })
const { deps, close } = await compose(config, logger, { poolSize: 1, connections: 1 })
const app = await createApp(deps, {
  credentials: { username: 'none', password: 'none' },
  dashboard: { ssoSalt: config.addonSsoSalt, secureCookies: false },
  logger,
  readiness: { troubles: async () => [], mayProvision: async () => false },
})
const { body } = await app.inject('/v1/openapi.json')
writeFileSync(FILE, apiPage(JSON.parse(body)))
await app.close()
await close()
console.log('docs/api.md is written.')
