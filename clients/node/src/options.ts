import { quietly } from './events.ts'
import type { KeyringWarning } from './keyring-value.ts'
import { secondsOf } from './life.ts'
import { namedOptions, unusable } from './named-options.ts'
import type { RefreshOptions } from './refresh/settings.ts'
import type { RefreshWarning } from './refresh/words.ts'
import { surroundings } from './surroundings.ts'

/** What `keyring` can be told. Nothing has to be: it reads `SECURE_KEY` and `SECURE_KEYRING` of the environment. */
export type KeyringOptions = {
  /** The config var, if the add-on is attached under another name: `SERVICE_ONE_SECURE_KEY`. */
  var?: string
  /** The text of the config var, if it is not in the environment. Then no keyring is read but `keyringValue`. */
  value?: string | undefined
  keyringValue?: string | undefined
  env?: Readonly<Record<string, string | undefined>>
  /** For so many seconds from its start a process signs with the key that all others know: 0 to 21,600. */
  settle?: number
  /** The longest life of what this app signs, in seconds or as `12h`. */
  maxLife?: number | string
  /** Asks the service for newer keys while the process runs. `true`: where `SECURE_KEY_URL` and `SECURE_KEY_TOKEN` say. */
  refresh?: boolean | RefreshOptions
  /** The clock, in milliseconds. */
  now?: () => number
  /** When the process started, in milliseconds. */
  startedAt?: number
  /** Told why a keyring is ignored, and what is wrong with the live pick-up. By default a warning of the process. */
  onWarning?: (code: Warning, message: string) => void
  /** Told at most once in 30 seconds that a token names a key which this process does not hold. */
  onStale?: (kid: string) => void
}

/** Of what a ring warns. */
export type Warning = KeyringWarning | RefreshWarning

export type Settings = {
  variable: string
  value: string | undefined
  /** Undefined: the app has stated its keys by `value`, and no keyring. */
  keyring: { variable: string; value: string | undefined } | undefined
  settleS: number
  maxLifeS: number | undefined
  now: () => number
  startedAtMs: number
  onWarning: (code: Warning, message: string) => void
  refresh: unknown
  env: Readonly<Record<string, unknown>>
  onStale: (kid: string) => void
}

const NAMES: readonly string[] = [
  ...['var', 'value', 'keyringValue', 'env', 'settle', 'maxLife', 'refresh', 'now', 'startedAt', 'onWarning'],
  'onStale',
]
const DEFAULT_VARIABLE = 'SECURE_KEY'
const DEFAULT_SETTLE_S = 600
/** A process that asks once an hour must know a key before another one signs with it. */
export const DEFAULT_LIVE_SETTLE_S = 4_200
const LONGEST_SETTLE_S = 21_600
const LONGEST_LIFE_S = 315_360_000
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/
/** Somebody who hands over the key itself as a name must not find it in an error. */
const LOOKS_LIKE_A_KEY = /[0-9A-Fa-f]{64}/

/** Reads the options once. Throws `bad-option` with the name of the first that is wrong, and never its value. */
export function readOptions(options: unknown): Settings {
  const given = namedOptions(options, NAMES)
  const variable = given.var ?? DEFAULT_VARIABLE
  if (!isVariable(variable)) throw unusable('var')
  const now = functionOf(given, 'now') ?? surroundings.now
  const { refresh = false, startedAt = surroundings.startedAt(), maxLife } = given
  const { settle = refresh === false ? DEFAULT_SETTLE_S : DEFAULT_LIVE_SETTLE_S } = given
  if (!isNumber(settle) || settle < 0 || settle > LONGEST_SETTLE_S) throw unusable('settle')
  if (!isNumber(startedAt)) throw unusable('startedAt')
  const maxLifeS = secondsOf(maxLife)
  if (maxLife !== undefined && !(maxLifeS && maxLifeS <= LONGEST_LIFE_S)) throw unusable('maxLife')
  return {
    ...valuesOf(given, variable),
    refresh,
    settleS: settle,
    maxLifeS,
    now: () => timeOf(now),
    startedAtMs: startedAt,
    onWarning: quiet(functionOf(given, 'onWarning') ?? surroundings.warn),
    onStale: quiet(functionOf(given, 'onStale') ?? (() => {})),
  }
}

/** Whether it may be the name of a config var. */
export function isVariable(name: unknown): name is string {
  return typeof name === 'string' && VARIABLE.test(name) && !LOOKS_LIKE_A_KEY.test(name)
}

/** A value that is stated but undefined is a missing key: it never makes the environment's count. */
function valuesOf(
  given: Record<string, unknown>,
  variable: string,
): Pick<Settings, 'variable' | 'value' | 'keyring' | 'env'> {
  const env = given.env ?? surroundings.env()
  if (typeof env !== 'object' || env === null) throw unusable('env')
  const all = env as Record<string, unknown>
  const keyringVariable = `${variable}RING`
  const stated = 'value' in given
  const value = stated ? textOf(given.value, 'value') : textOf(all[variable], 'env')
  if (stated && !('keyringValue' in given)) return { variable, value, keyring: undefined, env: all }
  const keyringValue =
    'keyringValue' in given ? textOf(given.keyringValue, 'keyringValue') : textOf(all[keyringVariable], 'env')
  return { variable, value, keyring: { variable: keyringVariable, value: keyringValue }, env: all }
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw unusable(name)
  return value
}

function functionOf(
  given: Record<string, unknown>,
  name: string,
): ((...args: unknown[]) => unknown) | undefined {
  const value = given[name]
  if (value === undefined) return undefined
  if (typeof value !== 'function') throw unusable(name)
  return (...args) => value(...args)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** NaN where there is no time: nothing is accepted then. */
export function timeOf(now: () => unknown): number {
  try {
    const time = now()
    return isNumber(time) ? time : Number.NaN
  } catch {
    return Number.NaN
  }
}

function quiet<Args extends unknown[]>(tell: (...args: Args) => unknown): (...args: Args) => void {
  return (...args) => quietly(() => tell(...args))
}
