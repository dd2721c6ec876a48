import { namedOptions, unusable } from '../named-options.ts'
import { SecureKeyError } from '../secure-key-error.ts'
import { surroundings } from '../surroundings.ts'
import type { Fetch, Outside, SetTimer } from './ask.ts'

/** Where the keys are asked for while the process runs. What is not given comes from the environment. */
export type RefreshOptions = {
  /** The API's address, `https://…/v1`; else `SECURE_KEY_URL`. */
  url?: string
  /** An API token with the scope `keyring`; else `SECURE_KEY_TOKEN`. */
  token?: string
  /** For the check-in: the app, else `HEROKU_APP_NAME`, and the process, else `DYNO` and the process id. */
  app?: string
  process?: string
  /** The check-in counts what was verified, by key id. */
  telemetry?: boolean
  /** For tests. */
  fetch?: Fetch
  setTimer?: SetTimer
  random?: () => number
}

export type RefreshSettings = Outside & {
  url: string
  token: string
  app: string | null
  process: string | null
  telemetry: boolean
  random: () => number
}

const NAMES = ['url', 'token', 'app', 'process', 'telemetry', 'fetch', 'setTimer', 'random']
const HOST = String.raw`(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])`
const LOOPBACK = String.raw`(?:localhost|127\.0\.0\.1|\[::1\])`
const URL_FORM = new RegExp(
  String.raw`^(?:https://${HOST}|http://${LOOPBACK})(?::\d{1,5})?(?:/[A-Za-z0-9._~-]{1,100}){0,8}/v1/?$`,
)
const TOKEN_FORM = /^sk_[A-Za-z0-9_-]{1,200}$/
const LONGEST_NAME = 64
const NAME_FORM = /^[\x20-\x7e]{1,64}$/

/**
 * Reads the options of the live pick-up, and the environment for what they leave out. Throws `missing`, `bad-url`, `bad-token`
 * with the name of the variable or of the option, and never its text.
 */
export function readRefresh(
  options: unknown,
  variable: string,
  env: Readonly<Record<string, unknown>>,
): RefreshSettings | undefined {
  if (options === undefined || options === false) return undefined
  const given = options === true ? Object.create(null) : namedOptions(asRecord(options), NAMES)
  // Its own alone: strangers must not say where to ask, by what they have put into `Object.prototype`.
  const ofEnvironment = (name: string) => (Object.hasOwn(env, name) ? env[name] : undefined)
  const stated = (name: string, suffix: string) =>
    given[name] === undefined
      ? { text: ofEnvironment(`${variable}${suffix}`), where: { variable: `${variable}${suffix}` } }
      : { text: given[name], where: { place: `refresh.${name}` } }
  const url = stated('url', '_URL')
  const token = stated('token', '_TOKEN')
  for (const [name, { text, where }] of Object.entries({ url, token })) {
    if (text === undefined || text === null || text === '') {
      const what = where.variable ?? `The option refresh.${name}`
      throw new SecureKeyError('missing', `${what} is not set`, where)
    }
  }
  const { telemetry = false } = given
  if (typeof telemetry !== 'boolean') throw unusable('refresh.telemetry')
  return {
    url: readUrl(url.text, url.where),
    token: readToken(token.text, token.where),
    app: nameOf(given.app, 'app', ofEnvironment('HEROKU_APP_NAME')),
    process: nameOf(given.process, 'process', dynoProcess(ofEnvironment('DYNO'))),
    telemetry,
    ...outsideOf(given, 'refresh.'),
  }
}

type Where = { variable?: string; place?: string }

/** The address of the API. Throws `bad-url`: plain http would show the token to whoever listens. */
export function readUrl(text: unknown, where: Where): string {
  if (typeof text !== 'string' || !URL_FORM.test(text) || !URL.canParse(text)) {
    const what = where.variable ?? `The option ${where.place}`
    throw new SecureKeyError('bad-url', `${what} is not of the form https://host/v1`, where)
  }
  return text.replace(/\/$/, '')
}

/** A token, or the secret of a client. Throws `bad-token`. */
export function readToken(text: unknown, where: Where): string {
  if (typeof text !== 'string' || !TOKEN_FORM.test(text)) {
    const what = where.variable ?? `The option ${where.place}`
    throw new SecureKeyError('bad-token', `${what} is not a token of the add-on`, where)
  }
  return text
}

/** What makes requests, waits and chance: of the process, or of a test. */
export function outsideOf(
  given: Readonly<Record<string, unknown>>,
  prefix = '',
): Outside & { random: () => number } {
  for (const name of ['fetch', 'setTimer', 'random']) {
    if (given[name] !== undefined && typeof given[name] !== 'function') throw unusable(`${prefix}${name}`)
  }
  const random = (given.random ?? surroundings.random) as () => number
  return {
    fetch: (given.fetch ?? surroundings.fetch) as Fetch,
    setTimer: (given.setTimer ?? surroundings.setTimer) as SetTimer,
    // Whatever it returns, a wait is neither nothing nor for ever.
    random: () => Math.min(1, Math.max(0, random() || 0)),
  }
}

function nameOf(given: unknown, name: string, otherwise: unknown): string | null {
  if (given !== undefined) {
    if (typeof given !== 'string' || !NAME_FORM.test(given)) throw unusable(`refresh.${name}`)
    return given
  }
  return typeof otherwise === 'string' && NAME_FORM.test(otherwise) ? otherwise : null
}

/** Several processes share a dyno, and the last word of one must not be taken for another's. */
function dynoProcess(dyno: unknown): string | undefined {
  if (typeof dyno !== 'string' || dyno === '') return undefined
  const id = `/${surroundings.processId()}`
  return `${dyno.slice(0, LONGEST_NAME - id.length)}${id}`
}

function asRecord(options: unknown): object {
  if (typeof options !== 'object' || options === null) throw unusable('refresh')
  return options
}
