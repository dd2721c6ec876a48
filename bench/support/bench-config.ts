import { type Config, readConfig } from '../../src/config.ts'
import { BENCH_SEALING_KEYS } from './bench-resource.ts'
import { type OwnKeyOrder, ownKeyEnvironment } from './own-key.ts'

export const BENCH_PASSWORD = 'bench-password'

/** The settings of a real process, with Heroku's call limit out of the way. */
export function benchConfig(options: {
  url: string
  herokuUrl: string
  inFlight?: number
  ownKey?: OwnKeyOrder | undefined
}): Config {
  return readConfig({
    DATABASE_URL: options.url,
    ADDON_PASSWORD: BENCH_PASSWORD,
    ADDON_SSO_SALT: 'bench-salt',
    ADDON_CLIENT_SECRET: 'bench-client-secret',
    ADDON_URL: 'http://127.0.0.1:5000',
    HEROKU_API_URL: options.herokuUrl,
    HEROKU_ID_URL: options.herokuUrl,
    SEALING_KEYS: BENCH_SEALING_KEYS,
    ROTATION_CONCURRENCY: String(options.inFlight ?? 50),
    HEROKU_MAX_RPS: '1000000',
    ...(options.ownKey && ownKeyEnvironment(options.ownKey)),
  })
}
