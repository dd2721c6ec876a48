import { validate as isCronExpression } from 'node-cron'
import manifest from '../addon-manifest.json' with { type: 'json' }
import { parseDuration } from './domain/duration.ts'
import { type GracePeriod, parseGracePeriod } from './domain/grace.ts'
import {
  accountId,
  HEROKU_REGIONS,
  type KmsSettings,
  keyArn,
  kmsRegions,
  kmsSettings,
} from './domain/kms-settings.ts'
import { type MailSender, type MailServer, parseMailFrom, parseSmtpUrl } from './domain/mail-settings.ts'
import { PARTNER_APIS, type PartnerApi } from './domain/partner-api.ts'
import { type Plan, parsePlans } from './domain/plan.ts'
import {
  type PrivateLinkSettings,
  parseDnsName,
  parseNlbs,
  privateLinkOf,
} from './domain/private-link-settings.ts'
import { databaseUrl, secureUrl } from './domain/url-settings.ts'
import { weakSecrets } from './domain/weak-secrets.ts'

/** What the manifest says of the add-on; nothing of it is repeated elsewhere. */
export const ADDON = {
  id: manifest.id,
  configVar: manifest.api.config_vars[0] ?? '',
  keyringVar: manifest.api.config_vars[1] ?? '',
  configVarsPrefix: manifest.api.config_vars_prefix,
}

/** The settings of every process, checked. */
export type Config = {
  databaseUrl: string
  host: string
  port: number
  /** Where the load balancer of PrivateLink reaches the web process. Undefined: there is no private side. */
  privateLinkPort: number | undefined
  addonPassword: string
  addonSsoSalt: string
  /** Undefined: not known yet. Then no grant can be exchanged, and nothing rotates. */
  addonClientSecret: string | undefined
  addonUrl: string
  /** By which of Heroku's APIs add-ons are provisioned and their config vars are written. */
  partnerApi: PartnerApi
  herokuApiUrl: string
  herokuIdUrl: string
  /** What shows or replaces keys wants a sign-on that names its user. */
  requireUserSignOn: boolean
  sealingKeys: { id: string; bytes: Uint8Array<ArrayBuffer> }[]
  plans: Plan[]
  defaultGrace: GracePeriod
  graceFloorMs: number
  checkEveryMs: number
  /** 0: restarts are not spread. */
  spreadMs: number
  rotationCron: string
  rotationConcurrency: number
  herokuMaxRps: number
  /** Undefined: this service sends no mail. */
  mail: { server: MailServer; from: MailSender } | undefined
  logLevel: string
  /** Undefined: no access to AWS is set, and no add-on can have a key of its customer's own. */
  kms: KmsSettings | undefined
  /** Undefined: this service offers no private links. */
  privateLink: PrivateLinkSettings | undefined
}

/** Settings that do not hold; the message lists every problem, so that one look at it is enough. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The settings do not hold:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads all settings at once (see `.env.example`). Throws `ConfigError` with every problem; values are never quoted. */
export function readConfig(env: Environment): Config {
  const problems: string[] = []
  const setting = <T>(name: string, fallback: string | undefined, read: (text: string) => T): T => {
    const text = env[name]?.trim() || fallback
    try {
      if (text === undefined) throw new Error('is required')
      return read(text)
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : 'cannot be read'}`)
      // Never used: a problem was noted, and the end of this function throws.
      return undefined as T
    }
  }
  const graceFloorMs = setting('GRACE_FLOOR', '2h', duration)
  const config: Config = {
    databaseUrl: setting('DATABASE_URL', undefined, databaseUrl),
    host: setting('HOST', '0.0.0.0', String),
    port: setting('PORT', '5000', wholeNumber(0, 65_535)),
    privateLinkPort: setting('PRIVATELINK_PORT', '', optional(wholeNumber(1, 65_535))),
    addonPassword: setting('ADDON_PASSWORD', undefined, String),
    addonSsoSalt: setting('ADDON_SSO_SALT', undefined, String),
    addonClientSecret: setting('ADDON_CLIENT_SECRET', '', String) || undefined,
    addonUrl: setting('ADDON_URL', undefined, secureUrl),
    partnerApi: setting('PARTNER_API', 'v3', partnerApi),
    herokuApiUrl: setting('HEROKU_API_URL', 'https://api.heroku.com', secureUrl),
    herokuIdUrl: setting('HEROKU_ID_URL', 'https://id.heroku.com', secureUrl),
    requireUserSignOn: setting('REQUIRE_USER_SIGN_ON', 'true', trueOrFalse),
    sealingKeys: setting('SEALING_KEYS', undefined, sealingKeys),
    plans: setting('PLAN_PERIODS', DEFAULT_PLANS, plans),
    graceFloorMs,
    defaultGrace: setting('GRACE_PERIOD', 'period', (text) => grace(text, graceFloorMs)),
    checkEveryMs: setting('CHECK_EVERY', '1d', duration),
    spreadMs: setting('SPREAD_RESTARTS', '1h', spread),
    rotationCron: setting('ROTATION_CRON', '*/10 * * * * *', cronExpression),
    rotationConcurrency: setting('ROTATION_CONCURRENCY', '50', wholeNumber(1, 1_000)),
    herokuMaxRps: setting('HEROKU_MAX_RPS', '20', wholeNumber(1, 1_000_000)),
    mail: mailOf(
      setting('SMTP_URL', '', optional(parseSmtpUrl)),
      setting('MAIL_FROM', '', optional(parseMailFrom)),
    ),
    logLevel: setting('LOG_LEVEL', 'info', logLevel),
    kms: kmsSettings({
      accessKeyId: setting('AWS_ACCESS_KEY_ID', '', String),
      secretAccessKey: setting('AWS_SECRET_ACCESS_KEY', '', String),
      sessionToken: setting('AWS_SESSION_TOKEN', '', String) || undefined,
      endpointUrl: setting('AWS_ENDPOINT_URL', '', optional(secureUrl)),
      accountId: setting('AWS_ACCOUNT_ID', '', accountId),
      regions: setting('KMS_REGIONS', HEROKU_REGIONS, kmsRegions),
      canary: setting('KMS_CANARY_KEY', '', keyArn),
    }),
    privateLink: privateLinkOf(
      setting('PRIVATELINK_NLBS', '', optional(parseNlbs)),
      setting('PRIVATELINK_DNS_NAME', '', optional(parseDnsName)),
    ),
  }
  if (config.privateLink && !config.kms) {
    problems.push('PRIVATELINK_NLBS needs access to AWS: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  if (Boolean(env.AWS_ACCESS_KEY_ID?.trim()) !== Boolean(env.AWS_SECRET_ACCESS_KEY?.trim())) {
    problems.push('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together')
  }
  const hasMail = ['SMTP_URL', 'MAIL_FROM'].filter((name) => env[name]?.trim())
  if (hasMail.length === 1) problems.push(`${hasMail[0]} is set alone: mail needs SMTP_URL and MAIL_FROM`)
  if (config.privateLinkPort !== undefined && config.privateLinkPort === config.port) {
    problems.push('PRIVATELINK_PORT must differ from PORT')
  }
  if (config.addonUrl?.startsWith('https:')) problems.push(...weakSecrets(config))
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

const DEFAULT_PLANS =
  'daily=1d,weekly=7d,fortnightly=14d,monthly=28d,private-fortnightly=14d:private,shield-fortnightly=14d:shield'

/** A setting that may be left out. */
function optional<T>(read: (text: string) => T): (text: string) => T | undefined {
  return (text) => (text === '' ? undefined : read(text))
}

function mailOf(server: MailServer | undefined, from: MailSender | undefined): Config['mail'] {
  return server && from && { server, from }
}

function sealingKeys(text: string): Config['sealingKeys'] {
  const keys = text.split(',').map((entry) => {
    const [, id = '', base64 = ''] = /^([\w.-]{1,64}):([A-Za-z0-9+/_-]+=*)$/.exec(entry.trim()) ?? []
    return { id, bytes: Uint8Array.from(Buffer.from(base64, 'base64')) }
  })
  if (keys.some(({ id, bytes }) => id === '' || bytes.length !== 32)) {
    throw new Error(
      'must be a list of id:base64 with 32 bytes each, for example k1:$(openssl rand -base64 32)',
    )
  }
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error('names an id twice')
  if (new Set(keys.map(({ bytes }) => Buffer.from(bytes).toString('base64'))).size < keys.length)
    throw new Error('lists a key twice')
  return keys
}

function plans(text: string): Plan[] {
  const parsed = parsePlans(text)
  if (parsed.problems.length > 0) throw new Error(`is wrong: ${parsed.problems.join('; ')}`)
  return parsed.plans
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Error('must be a duration such as 30s, 2h or 14d')
  return ms
}

const LONGEST_SPREAD_MS = 86_400_000

function spread(text: string): number {
  if (text === 'off' || text === '0') return 0
  const ms = parseDuration(text)
  if (ms === undefined || ms > LONGEST_SPREAD_MS) {
    throw new Error('must be a duration of a day at most, such as 1h, or off')
  }
  return ms
}

function grace(text: string, floorMs: number | undefined): GracePeriod {
  const parsed = parseGracePeriod(text, floorMs ?? 0)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.grace
}

function cronExpression(text: string): string {
  if (!isCronExpression(text)) throw new Error('is not a cron expression, such as */10 * * * * *')
  return text
}

function partnerApi(text: string): PartnerApi {
  const found = PARTNER_APIS.find((each) => each === text)
  if (!found) throw new Error(`must be one of ${PARTNER_APIS.join(', ')}`)
  return found
}

function trueOrFalse(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new Error('must be true or false')
}

function logLevel(text: string): string {
  if (['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].includes(text)) return text
  throw new Error('must be one of trace, debug, info, warn, error, fatal, silent')
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (!/^[0-9]+$/.test(text) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`)
    }
    return number
  }
}
