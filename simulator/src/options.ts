import { randomBytes } from 'node:crypto'

/** What Heroku knows about the add-on: the manifest, the portal's secrets and the plans. */
export type AddonOptions = {
  id: string
  configVars: string[]
  prefix: string
  /** `${ADDON_URL}/heroku/resources` */
  baseUrl: string
  ssoUrl: string
  password: string
  ssoSalt: string
  clientSecret: string
  plans: string[]
}

/** Settings of a simulator. Only `now` and `addon` are required. */
export type SimulatorOptions = {
  /** All time comes from here: expiry of grants and tokens, restarts of dynos, dates of releases. */
  now: () => Date
  /** Ids, tokens and words of names are drawn from it; a seeded one makes a run repeatable. */
  random?: (bytes: number) => Buffer
  addon: AddonOptions
  /** Where the state is kept between runs; without it the state lives in memory only. */
  statePath?: string
  /** By which API Heroku asks the service to provision: version 3, or the legacy one. */
  partnerApi?: 'v1' | 'v3'
  /** Whether requests of the legacy API bring a uuid, or name the app alone as the oldest did. */
  legacyIds?: 'uuid' | 'app'
  /** Whether the legacy API hands out grants for add-ons that it made, as it did for partners who asked for that. */
  legacyGrants?: boolean
  rateLimitPerHour?: number
  /** Whether each token has its own budget or all share the partner's: Heroku does not say. */
  rateLimitScope?: 'token' | 'partner'
  logger?: boolean | object
  refreshTokensRotate?: boolean
  /** Whether a PATCH that changes nothing cuts a release: not known of Heroku, so the unkind answer is the default. */
  releaseOnUnchanged?: boolean
  /** Whether config vars whose names the manifest does not declare are taken or refused with 422: not known of Heroku. */
  undeclaredVars?: 'refused' | 'taken'
  /** Whether the partner was granted the releases and dynos of attached apps. */
  grantReleases?: boolean
  /** How long a dyno is `starting` after a release; an app may have its own. */
  dynoRestartMs?: number
  /** Heroku gives the service 25 s to answer. */
  serviceTimeoutMs?: number
}

/** The options with every default filled in. */
export type Settings = Required<Omit<SimulatorOptions, 'statePath' | 'now' | 'random' | 'logger'>>

/** Fills in the defaults; the add-on part is copied because its URLs may change later. */
export function settingsFrom(options: SimulatorOptions): Settings {
  return {
    addon: { ...options.addon },
    partnerApi: options.partnerApi ?? 'v3',
    legacyIds: options.legacyIds ?? 'uuid',
    legacyGrants: options.legacyGrants ?? false,
    rateLimitPerHour: options.rateLimitPerHour ?? 4500,
    rateLimitScope: options.rateLimitScope ?? 'token',
    refreshTokensRotate: options.refreshTokensRotate ?? false,
    releaseOnUnchanged: options.releaseOnUnchanged ?? true,
    undeclaredVars: options.undeclaredVars ?? 'refused',
    grantReleases: options.grantReleases ?? true,
    dynoRestartMs: options.dynoRestartMs ?? 10_000,
    serviceTimeoutMs: options.serviceTimeoutMs ?? 25_000,
  }
}

/** The source of randomness in use. */
export function randomFrom(options: SimulatorOptions): (bytes: number) => Buffer {
  return options.random ?? randomBytes
}
