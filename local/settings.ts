import type { DemoSecrets } from './demo-secrets.ts'
import { MAIL_FROM } from './mail-box.ts'

/** Everything a local stack decides about the service's settings. */
export type LocalSettings = {
  secrets: DemoSecrets
  databaseUrl: string
  servicePort: number
  simulatorPort: number
  /** The mail server, which keeps what it gets. */
  smtpUrl: string
  /** How long the plan `fortnightly` takes here. */
  fortnightSeconds: number
  partnerApi: PartnerApi
  /** What leads to AWS; with it there is a plan for private spaces. */
  aws?: Readonly<Record<string, string>> | undefined
}

/** By which of Heroku's APIs both sides work. */
export type PartnerApi = 'v1' | 'v3'

/** Of the surrounding shell only what programs need to run: its PG* and settings variables would change the service. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'SystemRoot']

/** Variables of a surrounding shell. */
export type Environment = Readonly<Record<string, string | undefined>>

const GUARD = new URL('./end-with-parent.ts', import.meta.url)
const LIBRARY = new URL('./formation/library-from-source.ts', import.meta.url)

/** The settings of `.env.example` for a service whose Heroku is the simulator. Plans are shortened, in this order. */
export function serviceSettings(settings: LocalSettings): Record<string, string> {
  const { secrets, databaseUrl, servicePort, simulatorPort, smtpUrl, fortnightSeconds, partnerApi, aws } =
    settings
  const heroku = `http://127.0.0.1:${simulatorPort}`
  const periods = { daily: 0.4, weekly: 0.6, fortnightly: 1, monthly: 2 }
  const plans = Object.entries(periods).map(([plan, of]) => `${plan}=${Math.round(fortnightSeconds * of)}s`)
  if (aws) plans.push(`private-fortnightly=${fortnightSeconds}s:private`)
  return {
    DATABASE_URL: databaseUrl,
    PORT: String(servicePort),
    HOST: '127.0.0.1',
    ADDON_PASSWORD: secrets.addonPassword,
    ADDON_SSO_SALT: secrets.addonSsoSalt,
    ADDON_CLIENT_SECRET: secrets.addonClientSecret,
    ADDON_URL: `http://127.0.0.1:${servicePort}`,
    PARTNER_API: partnerApi,
    // The legacy API names nobody, and here there is nobody to keep out.
    ...(partnerApi === 'v1' && { REQUIRE_USER_SIGN_ON: 'false' }),
    HEROKU_API_URL: heroku,
    HEROKU_ID_URL: heroku,
    SEALING_KEYS: secrets.sealingKeys,
    PLAN_PERIODS: plans.join(','),
    // Long enough for the simulated dynos to restart.
    GRACE_FLOOR: '5s',
    SMTP_URL: smtpUrl,
    MAIL_FROM,
    ROTATION_CRON: '* * * * * *',
    ...aws,
  }
}

/** The environment of a process of the service: the settings, and the guard that ends it with `npm start`. */
export function serviceEnvironment(
  settings: Record<string, string>,
  surrounding: Environment,
): Record<string, string> {
  return { ...guarded(surrounding, [GUARD]), ...settings }
}

/** What a process of a customer's app finds beside its config vars: nothing of the service's settings. */
export function appEnvironment(
  own: Record<string, string>,
  surrounding: Environment,
): Record<string, string> {
  return { ...guarded(surrounding, [GUARD, LIBRARY]), ...own }
}

function guarded(surrounding: Environment, modules: readonly URL[]): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => (surrounding[name] ? [[name, surrounding[name]]] : []))
  const options = modules.map(({ href }) => `--import=${href}`).join(' ')
  return { ...Object.fromEntries(passedOn), NODE_OPTIONS: options }
}
