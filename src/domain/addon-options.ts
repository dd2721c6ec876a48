import { SecurekeyError } from './errors.ts'
import { formatGracePeriod, type GracePeriod, parseGracePeriod } from './grace.ts'
import { type ArnLimits, type OwnKeyArn, readOwnKeyArn } from './own-key-arn.ts'
import type { Plan, PlanSpace } from './plan.ts'
import { formatTokenLife, parseTokenLife, tooManyKeys } from './token-life.ts'
import { tooRare } from './window-wait.ts'
import { formatWindows, parseWindows, type Window } from './windows.ts'

/** What a customer chose with `heroku addons:create ... -- --option value`. */
export type AddonOptions = {
  grace: GracePeriod
  announcesNext: boolean
  windows: readonly Window[]
  /** A key of the customer's own in AWS KMS, which protects keys and tokens; without it ours do. */
  ownKey?: OwnKeyArn
  /** Notices are written into the log of the app. */
  logsNotices: boolean
  /** How long the longest thing lives that apps sign, if stated. */
  tokenLifeMs: number | null
  /** The keys are those of another add-on. */
  fork?: ForkWish
}

/** Whose keys are taken over, by a code that was made there, and which options were left to it. */
export type ForkWish = { code: string; stated: { grace: boolean; tokenLife: boolean } }

/** What holds where an option is left out, and the limits of what may be chosen. */
export type OptionLimits = {
  defaultGrace: GracePeriod
  graceFloorMs: number
  periodMs: number
  plans: readonly Plan[]
  now: Date
  ownKeys: OwnKeyLimits
}

/** Who may have a key of their own, and which. */
export type OwnKeyLimits = Pick<ArnLimits, 'accountId' | 'addonRegion'> & {
  /** Undefined: this service has no access to AWS. */
  regions: readonly string[] | undefined
  space: PlanSpace | undefined
  /** Plans that take one. */
  plans: readonly string[]
}

/**
 * Reads the options of a provision request. They arrive as a flat map of strings, a bare flag as "true", and unknown
 * ones are ignored (Add-on Parameter Handling). Throws `invalid-option` with a sentence that the customer can act on.
 */
export function readOptions(given: Readonly<Record<string, unknown>>, limits: OptionLimits): AddonOptions {
  const fork = forkOption(given)
  const ownKey = ownKeyOption(given['encryption-key'], limits.ownKeys)
  const options = {
    grace: graceOption(given.grace, limits),
    announcesNext: nextOption(given.next),
    windows: windowOption(given.window, limits),
    ...(ownKey && { ownKey }),
    logsNotices: logOption(given.log),
    tokenLifeMs: tokenLifeOption(given['token-life']),
    ...(fork && { fork }),
  }
  const problem = tooManyKeys({ ...options, periodMs: limits.periodMs }, limits.plans)
  if (problem === undefined) return options
  const { grace, tokenLifeMs } = options
  const longer = grace.until === 'elapsed' && grace.ms > (tokenLifeMs ?? 0)
  const subject = longer
    ? `--grace ${formatGracePeriod(grace)}`
    : `--token-life ${formatTokenLife(tokenLifeMs)}`
  throw new SecurekeyError('invalid-option', `The option ${subject} ${problem}.`)
}

/** What the history says of the options that an add-on was made with. */
export function describeOptions(options: AddonOptions): Record<string, string> {
  const { grace, announcesNext, windows, tokenLifeMs, logsNotices, ownKey } = options
  return {
    gracePeriod: formatGracePeriod(grace),
    ...(announcesNext && { nextKey: 'on' }),
    ...(windows.length > 0 && { windows: formatWindows(windows) }),
    ...(ownKey && { encryptionKey: ownKey.arn }),
    ...(!logsNotices && { log: 'off' }),
    ...(tokenLifeMs !== null && { tokenLife: formatTokenLife(tokenLifeMs) }),
  }
}

function graceOption(option: unknown, { defaultGrace, graceFloorMs }: OptionLimits): GracePeriod {
  if (option === undefined || option === null) return defaultGrace
  const parsed = parseGracePeriod(typeof option === 'string' ? option : '', graceFloorMs)
  if ('grace' in parsed) return parsed.grace
  throw new SecurekeyError('invalid-option', `The option --grace ${parsed.problem}.`)
}

function windowOption(option: unknown, { periodMs, now }: OptionLimits): Window[] {
  if (option === undefined || option === null) return []
  const parsed = parseWindows(typeof option === 'string' ? option : '?')
  const problem = 'problem' in parsed ? parsed.problem : tooRare(parsed.windows, periodMs, now)
  if (problem === undefined && 'windows' in parsed) return parsed.windows
  throw new SecurekeyError('invalid-option', `The option --window ${problem}.`)
}

function ownKeyOption(
  option: unknown,
  { regions, space, plans, ...limits }: OwnKeyLimits,
): OwnKeyArn | undefined {
  if (option === undefined || option === null) return undefined
  const refused = (problem: string) =>
    new SecurekeyError('invalid-option', `The option --encryption-key ${problem}.`)
  if (!regions) throw refused('is not offered: this service has no access to AWS KMS')
  if (!space) {
    throw refused(
      plans.length === 0
        ? 'is for private and shield plans, and there is none'
        : `is for private and shield plans: choose one of ${plans.join(', ')}`,
    )
  }
  const read = readOwnKeyArn(option, { ...limits, regions })
  if ('problem' in read) throw refused(read.problem)
  return read
}

/** What is no code at all is refused where codes are looked up, as every wrong one is. */
function forkOption(given: Readonly<Record<string, unknown>>): ForkWish | undefined {
  const { fork: option } = given
  if (isLeftOut(option)) return undefined
  if (isLeftOut(given['encryption-key'])) {
    throw new SecurekeyError(
      'invalid-option',
      'The option --fork takes keys over into an add-on with an encryption key of your own: name that key too, by --encryption-key.',
    )
  }
  const stated = { grace: !isLeftOut(given.grace), tokenLife: !isLeftOut(given['token-life']) }
  return { code: typeof option === 'string' ? option.trim() : '', stated }
}

function isLeftOut(option: unknown): boolean {
  return option === undefined || option === null
}

function tokenLifeOption(option: unknown): number | null {
  if (option === undefined || option === null) return null
  const parsed = parseTokenLife(typeof option === 'string' ? option : '')
  if ('tokenLifeMs' in parsed) return parsed.tokenLifeMs
  throw new SecurekeyError('invalid-option', `The option --token-life ${parsed.problem}.`)
}

const SWITCH_WORDS: Readonly<Record<string, boolean>> = { true: true, on: true, false: false, off: false }

/** `--next` is a bare flag. */
function nextOption(option: unknown): boolean {
  if (option === undefined || option === null) return false
  const on = switched(option)
  if (on !== undefined) return on
  throw new SecurekeyError(
    'invalid-option',
    'The option --next takes no value: write --next to announce the next key one rotation early, or leave it out.',
  )
}

function logOption(option: unknown): boolean {
  if (option === undefined || option === null) return true
  const on = switched(option)
  if (on !== undefined) return on
  throw new SecurekeyError(
    'invalid-option',
    'The option --log must be on or off: whether notices are written into the log of the app. They are unless you say off.',
  )
}

function switched(option: unknown): boolean | undefined {
  const word = typeof option === 'boolean' ? String(option) : option
  const found = typeof word === 'string' ? word.trim().toLowerCase() : ''
  return Object.hasOwn(SWITCH_WORDS, found) ? SWITCH_WORDS[found] : undefined
}
