import { Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { SimulatorOptions } from '../../simulator/src/options.ts'
import { createSimulator, type Simulator } from '../../simulator/src/simulator.ts'
import { compose } from '../../src/bin/compose.ts'
import { ADDON, type Config, readConfig } from '../../src/config.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createKekCheck } from '../../src/flows/operations/known-keks.ts'
import { createApp } from '../../src/http/app.ts'
import { createPrivateListener, type PrivateLimits } from '../../src/http/private/listener.ts'
import { createLogger } from '../../src/logger.ts'
import { createWorker, type Worker } from '../../src/worker/worker.ts'
import { createFakeClock, type FakeClock } from '../simulator/support/fake-clock.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { clientOfClock } from './clocked-client.ts'
import { takeDatabase } from './database.ts'

/** Good enough for a service that is reached by https, and of no use anywhere. */
export const PASSWORD = 'q7Zt3vKx9mBw2LdR5nHy'
export const SSO_SALT = '9f3c1a7e5b2d8046e1c7a9b3d5f20684'
export const CLIENT_SECRET = '6b1e2f0a-93d4-4c57-8e21-5fa0c7b8d913'
export const SEALING_KEY = 'k1:qv/sZBI7MxRMHVpQ4kbvN9hE0yGUxTFpWcoJ2nL1iKU='

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** The whole service on a database that is its own while it runs, with Heroku simulated and the clock standing still. */
export type Harness = {
  config: Config
  deps: Deps
  clock: FakeClock
  heroku: Simulator
  app: Awaited<ReturnType<typeof createApp>>
  /** Where the service listens. */
  url: string
  /** Lets it listen for what comes by PrivateLink too; returns the port. */
  listenPrivately: () => Promise<number>
  databaseUrl: string
  /** Every log line written so far, as text. */
  logLines: string[]
  /** A worker of this process; several make several workers. */
  worker: (options?: Partial<Parameters<typeof createWorker>[1]>) => Worker
  /** Another process on the same database: own pool, own connections, same clock; its own settings too, where given. */
  anotherProcess: (env?: Record<string, string>) => Promise<Deps>
}

export type HarnessOptions = {
  env?: Record<string, string>
  simulator?: Partial<SimulatorOptions>
  /**
   * Real time after which a call to Heroku is given up; to be set where Heroku says nothing. It is the limit of every other
   * call too, so it leaves them time on a busy machine.
   */
  callTimeoutMs?: number
  seed?: string
  privateLimits?: Partial<PrivateLimits>
  /** Who ends everything; the test that started it, unless a whole file shares it. */
  whenFinished?: (end: () => Promise<void>) => void
}

/** Starts everything in this process and ends it with the test. */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const clock = createFakeClock('2026-03-03T12:00:00Z')
  const random = seededBytes(options.seed ?? 'service')
  const database = await takeDatabase()
  const heroku = createSimulator({
    now: clock.now,
    random: seededBytes('heroku'),
    addon: addonAt('http://127.0.0.1:1'),
    ...options.simulator,
  })
  const { url: herokuUrl } = await heroku.listen({ port: 0 })
  const environment = { ...testEnvironment(database.url, herokuUrl), ...options.env }
  const config = readConfig(environment)
  const logLines: string[] = []
  const logger = createLogger({ level: config.logLevel, process: 'test' }, collector(logLines))
  const closers: (() => Promise<void>)[] = []
  const workers: Worker[] = []

  async function composeProcess(env: Record<string, string> = {}): Promise<Deps> {
    const composed = await compose(readConfig({ ...environment, ...env }), logger, {
      poolSize: 5,
      connections: 20,
      callTimeoutMs: options.callTimeoutMs ?? 15_000,
      world: {
        now: clock.now,
        steadyMs: () => clock.now().getTime(),
        random,
        sleep: async () => {},
        Client: clientOfClock(clock.now),
      },
    })
    closers.push(composed.close)
    return composed.deps
  }

  const deps = await composeProcess()
  const isHttps = config.addonUrl.startsWith('https:')
  const privateListener = createPrivateListener(logger, options.privateLimits)
  const app = await createApp(deps, {
    credentials: { username: ADDON.id, password: PASSWORD },
    dashboard: {
      ssoSalt: config.addonSsoSalt,
      secureCookies: isHttps,
      requireUserSignOn: config.requireUserSignOn,
    },
    logger,
    httpsUrl: isHttps ? config.addonUrl : undefined,
    beforeWork: createKekCheck(deps),
    privateListener,
    readiness: { troubles: async () => [], mayProvision: async () => true },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  heroku.setAddonUrl(url)
  const whenFinished = options.whenFinished ?? onTestFinished
  whenFinished(async () => {
    // What they still tell goes on beside their ticks.
    await Promise.all(workers.map((worker) => worker.stop(0)))
    await app.close()
    await heroku.close()
    for (const close of closers) await close()
    await database.giveBack()
  })
  return {
    config,
    deps,
    clock,
    heroku,
    app,
    url,
    listenPrivately: () => privateListener.listen(app.server, { host: '127.0.0.1', port: 0 }),
    databaseUrl: database.url,
    logLines,
    worker(workerOptions = {}) {
      const worker = createWorker(deps, {
        concurrency: 20,
        claimLimit: 100,
        clockOffsetMs: async () => 0,
        ...workerOptions,
      })
      workers.push(worker)
      return worker
    },
    anotherProcess: composeProcess,
  }
}

/** Settings of a service whose Heroku listens at `herokuUrl`. */
export function testEnvironment(databaseUrl: string, herokuUrl: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    ADDON_PASSWORD: PASSWORD,
    ADDON_SSO_SALT: SSO_SALT,
    ADDON_CLIENT_SECRET: CLIENT_SECRET,
    ADDON_URL: 'http://127.0.0.1:5000',
    HEROKU_API_URL: herokuUrl,
    HEROKU_ID_URL: herokuUrl,
    SEALING_KEYS: SEALING_KEY,
    HEROKU_MAX_RPS: '100000',
    // Tests that are about it switch it on.
    SPREAD_RESTARTS: 'off',
    LOG_LEVEL: 'trace',
  }
}

/** The add-on as Heroku knows it, served at `url`. */
export function addonAt(url: string): SimulatorOptions['addon'] {
  return {
    id: ADDON.id,
    configVars: [ADDON.configVar, ADDON.keyringVar, `${ADDON.configVarsPrefix}_ENDPOINTS`],
    prefix: ADDON.configVarsPrefix,
    baseUrl: `${url}/heroku/resources`,
    ssoUrl: `${url}/sso/login`,
    password: PASSWORD,
    ssoSalt: SSO_SALT,
    clientSecret: CLIENT_SECRET,
    plans: ['daily', 'weekly', 'fortnightly', 'monthly', 'private-fortnightly', 'shield-fortnightly'],
  }
}

/** A stream for a logger, each of whose lines ends up in the list. */
export function collector(lines: string[]): NodeJS.WritableStream {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
}
