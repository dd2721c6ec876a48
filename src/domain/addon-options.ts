import { SecurekeyError } from './errors.ts'
import { formatGracePeriod, type GracePeriod, parseGracePeriod } from './grace.ts'

/** What a customer chose with `heroku addons:create ... -- --option value`. */
export type AddonOptions = { grace: GracePeriod }

/** What holds where an option is left out, and the limits of what may be chosen. */
export type OptionLimits = { defaultGrace: GracePeriod; graceFloorMs: number }

/**
 * Reads the options of a provision request. They arrive as a flat map of strings, a bare flag as "true", and unknown
 * ones are ignored (Add-on Parameter Handling). Throws `invalid-option` with a sentence that the customer can act on.
 */
export function readOptions(given: Readonly<Record<string, unknown>>, limits: OptionLimits): AddonOptions {
  return { grace: graceOption(given.grace, limits) }
}

/** What the history says of the options that an add-on was made with. */
export function describeOptions({ grace }: AddonOptions): Record<string, string> {
  return { gracePeriod: formatGracePeriod(grace) }
}

function graceOption(option: unknown, { defaultGrace, graceFloorMs }: OptionLimits): GracePeriod {
  if (option === undefined || option === null) return defaultGrace
  const parsed = parseGracePeriod(typeof option === 'string' ? option : '', graceFloorMs)
  if ('grace' in parsed) return parsed.grace
  throw new SecurekeyError('invalid-option', `The option --grace ${parsed.problem}.`)
}
