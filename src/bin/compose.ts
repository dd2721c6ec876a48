import type { Logger } from 'pino'
import { sleep, systemNow, systemSteadyMs } from '../clock.ts'
import { ADDON, type Config } from '../config.ts'
import { type ClockOffset, createClockOffset } from '../flows/clock-offset.ts'
import type { Deps } from '../flows/deps.ts'
import { createTroubles } from '../flows/heroku/create-troubles.ts'
import type { Log } from '../flows/log.ts'
import { createInstallation, type Installation, type Standing } from '../flows/operations/installation.ts'
import { createHerokuCall, type HerokuCall } from '../heroku/call.ts'
import { createCallBudget, patiently } from '../heroku/call-budget.ts'
import { createDispatcher } from '../heroku/dispatcher.ts'
import { createIdentity } from '../heroku/identity.ts'
import { createLegacyDirectory } from '../heroku/legacy-directory.ts'
import { createLegacyPlatform } from '../heroku/legacy-platform.ts'
import { createPlatform } from '../heroku/platform.ts'
import { createReleaseRight } from '../heroku/release-right.ts'
import { createSendRequest } from '../heroku/send-request.ts'
import { createTokenLimits } from '../heroku/token-limits.ts'
import { createHerokuUsers } from '../heroku/users.ts'
import { createKms } from '../kms/create-kms.ts'
import { createLog } from '../logger.ts'
import { createAppLog } from '../notices/app-log.ts'
import { createMailer } from '../notices/mail/mailer.ts'
import { createResolveName } from '../notices/webhook/resolve-name.ts'
import { createWebhookSender } from '../notices/webhook/send-webhook.ts'
import { createEndpointServices } from '../privatelink/create-endpoint-services.ts'
import { createClientSeal } from '../sealing/client-seal.ts'
import { createLocalKek } from '../sealing/keyring.ts'
import { createMacs } from '../sealing/macs.ts'
import { createOwnKeks } from '../sealing/own-keks.ts'
import { createSealing } from '../sealing/sealing.ts'
import { createWitness } from '../sealing/witness.ts'
import { type DatabaseOptions, openDatabase } from '../store/database.ts'
import { blockHerokuCalls, type HerokuHost, takePageSlice, takeSlice } from '../store/heroku-budget.ts'
import { createRandomBytes } from './random-bytes.ts'
import { servicePlaceOf } from './service-place.ts'

const CALL_TIMEOUT_MS = 15_000
/** No shutdown cuts these short, since a code works once and a token may be replaced: so they end before it must. */
const IDENTITY_CALL_TIMEOUT_MS = 6_000
/** Calls that would have to wait longer than this for the shared budget are postponed instead. */
const BUDGET_HORIZON_MS = 5_000
/** Whoever presents a token of Heroku's waits for two of these at the most, on connections that nothing else needs. */
const USER_CALL_TIMEOUT_MS = 4_000
const USER_CONNECTIONS = 10
const USER_AGENT = `${ADDON.id} (Heroku add-on)`

/** Time and chance: real, or a test's own. */
export type World = {
  now: () => Date
  /** Milliseconds of a clock that never jumps. */
  steadyMs: () => number
  random: (bytes: number) => Buffer
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** The connections of a test, whose database is told what time it is. */
  Client?: DatabaseOptions['Client']
}

const REAL_WORLD: World = { now: systemNow, steadyMs: systemSteadyMs, random: createRandomBytes(), sleep }

export type ComposeOptions = {
  poolSize: number
  /** Most connections to each of Heroku's hosts. */
  connections: number
  /** The calls of this process are those of pages: they have a part of the budget, and never hold up a worker. */
  callsForPages?: boolean
  callTimeoutMs?: number
  world?: World
}

/** Everything that a process needs, wired together, and how to let go of it. */
export async function compose(
  config: Config,
  logger: Logger,
  options: ComposeOptions,
): Promise<{ deps: Deps; clockOffsetMs: ClockOffset; close: () => Promise<void> }> {
  const { now, steadyMs, random, sleep, Client } = options.world ?? REAL_WORLD
  // Circuits and limits only count spans: a clock that is put right must not make one last for hours.
  const steadyNow = () => new Date(steadyMs())
  const db = openDatabase({
    url: config.databaseUrl,
    poolSize: options.poolSize,
    ...(Client && { Client }),
    onIdleError: (error) => logger.warn({ err: error }, 'idle database connection lost'),
    onConnect: () => installation.noteConnection(),
  })
  const log = createLog(logger)
  const installation: Installation = createInstallation(db, servicePlaceOf(config), log, now)
  const dispatcher = createDispatcher({ connections: options.connections })
  const userDispatcher = createDispatcher({ connections: USER_CONNECTIONS })
  const limits = createTokenLimits(steadyNow)
  const troubles = createTroubles({ db, steadyMs, log })
  // Each host is blocked by itself: one may be busy while the other answers.
  const callTo = (
    host: HerokuHost,
    baseUrl: string,
    callTimeoutMs: number,
    quiet: boolean = options.callsForPages ?? false,
  ): HerokuCall =>
    createHerokuCall({
      baseUrl,
      sendRequest: createSendRequest(dispatcher, options.callTimeoutMs ?? callTimeoutMs),
      budget: createCallBudget({
        callsPerSecond: config.herokuMaxRps,
        takeSlice: (calls) => {
          const slice = { host, calls, callsPerSecond: config.herokuMaxRps }
          // Tokens are got for whoever needs them: a grant lives for minutes.
          if (quiet && host === 'platform') {
            return patiently(() => takePageSlice(db, slice), sleep)
          }
          return takeSlice(db, { ...slice, horizonMs: BUDGET_HORIZON_MS })
        },
        steadyMs,
        sleep,
      }),
      judge: troubles,
      limits,
      refusal: () => refusalOf(installation),
      userAgent: USER_AGENT,
      onRateLimited: createLimitNote(log, host, steadyMs, (ms) => blockHerokuCalls(db, host, ms)),
    })
  const isLegacy = config.partnerApi === 'v1'
  if (isLegacy) logger.info({ partnerApi: config.partnerApi }, 'the legacy partner API is in use')
  if (config.addonClientSecret === undefined && !isLegacy) {
    logger.warn({ setting: 'ADDON_CLIENT_SECRET' }, 'setting missing: no grant is exchanged, nothing rotates')
  }
  const kms = config.kms && createKms(config.kms)
  const endpointServices = config.kms && config.privateLink && createEndpointServices(config.kms)
  const keks = config.sealingKeys.map(({ id, bytes }) => createLocalKek(id, bytes))
  const { id: addonId, configVar, keyringVar, configVarsPrefix } = ADDON
  const names = { addonId, configVar, keyringVar, configVarsPrefix }
  const releaseRight = createReleaseRight(now)
  const appLog = createAppLog({
    standIn: standInOf(config.herokuApiUrl),
    process: addonId,
    userAgent: USER_AGENT,
  })
  const platformBy = (call: HerokuCall) =>
    isLegacy
      ? createLegacyPlatform(call, { ...names, password: config.addonPassword })
      : createPlatform(call, names, releaseRight)
  const mailer =
    config.mail && createMailer({ ...config.mail, host: new URL(config.addonUrl).hostname, steadyMs })
  const deps: Deps = {
    db,
    now,
    steadyMs,
    random,
    sealing: createSealing(keks, random, kms && createOwnKeks(kms, steadyMs)),
    macs: createMacs(keks),
    witness: createWitness(config.sealingKeys),
    clientSeal: createClientSeal(),
    kms,
    endpointServices,
    installation,
    identity: createIdentity(
      callTo('identity', config.herokuIdUrl, IDENTITY_CALL_TIMEOUT_MS),
      config.addonClientSecret,
    ),
    platform: platformBy(callTo('platform', config.herokuApiUrl, CALL_TIMEOUT_MS)),
    quietPlatform: platformBy(callTo('platform', config.herokuApiUrl, CALL_TIMEOUT_MS, true)),
    herokuUsers: createHerokuUsers({
      baseUrl: config.herokuApiUrl,
      sendRequest: createSendRequest(userDispatcher, options.callTimeoutMs ?? USER_CALL_TIMEOUT_MS),
      userAgent: USER_AGENT,
      steadyMs,
    }),
    sendWebhook: createWebhookSender({
      resolveName: createResolveName(),
      local: config.addonUrl.startsWith('http:'),
      userAgent: USER_AGENT,
      steadyMs,
    }),
    legacyDirectory: createLegacyDirectory(callTo('platform', config.herokuApiUrl, CALL_TIMEOUT_MS), {
      addonId,
      password: config.addonPassword,
      baseUrl: config.herokuApiUrl,
    }),
    appLog,
    troubles,
    mailer,
    log,
    settings: {
      configVar: ADDON.configVar,
      keyringVar: ADDON.keyringVar,
      configVarsPrefix: ADDON.configVarsPrefix,
      addonUrl: config.addonUrl,
      partnerApi: config.partnerApi,
      herokuApiUrl: config.herokuApiUrl,
      // Under version 3 the client secret may yet be set; the legacy API may be used without ever having one.
      takesGrants: !isLegacy || config.addonClientSecret !== undefined,
      plans: config.plans,
      defaultGrace: config.defaultGrace,
      graceFloorMs: config.graceFloorMs,
      checkEveryMs: config.checkEveryMs,
      // Not the credentials.
      ownKeys: config.kms && {
        regions: config.kms.regions,
        accountId: config.kms.accountId,
        canary: config.kms.canary,
      },
      privateLink: config.privateLink,
      spreadMs: config.spreadMs,
    },
  }
  return {
    deps,
    clockOffsetMs: createClockOffset(deps, steadyMs),
    async close() {
      mailer?.close()
      await Promise.all([dispatcher.close(), userDispatcher.close(), appLog.close()])
      kms?.close()
      endpointServices?.close()
      await db.destroy()
    },
  }
}

/** Where Heroku is simulated, on a loopback address, its Logplex listens at the same place. */
function standInOf(herokuApiUrl: string): string | undefined {
  const { protocol, origin } = new URL(herokuApiUrl)
  return protocol === 'http:' ? origin : undefined
}

const TELL_OF_LIMIT_EVERY_MS = 15 * 60_000

/** A limit for all costs no add-on an attempt, so nothing else would tell of it, however long it lasts. */
function createLimitNote(
  log: Log,
  host: HerokuHost,
  steadyMs: () => number,
  block: (waitMs: number) => Promise<void>,
): (waitMs: number) => Promise<void> {
  let toldAtMs = Number.NEGATIVE_INFINITY
  return async (waitMs) => {
    if (steadyMs() - toldAtMs >= TELL_OF_LIMIT_EVERY_MS) {
      toldAtMs = steadyMs()
      log.warn({ host, waitMs }, 'call limit of Heroku reached, all calls to this host wait')
    }
    await block(waitMs)
  }
}

/** A copy of the database calls nobody: not even a refresh of tokens, which would take them from the original. */
function refusalOf(installation: Installation): string | undefined | Promise<string | undefined> {
  const looked = installation.lookNow()
  const reason = ({ differs }: Standing) =>
    differs.length === 0 ? undefined : 'this installation is not confirmed'
  return looked instanceof Promise ? looked.then(reason) : reason(looked)
}
