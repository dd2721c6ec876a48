import { SecureKeyError } from './secure-key-error.ts'

/**
 * Options as a record of these names, read once. Throws `bad-option` for anything else: an option that is misspelt, or not in
 * an object, would be passed over in silence, and a key would have another length, or a cookie another life, than was meant.
 */
export function namedOptions(options: unknown, names: readonly string[]): Record<string, unknown> {
  if (options !== undefined && (typeof options !== 'object' || options === null)) throw unusable('options')
  // Own options alone: what somebody has put into `Object.prototype` is none of the app's.
  const given: Record<string, unknown> = Object.assign(Object.create(null), options)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined) throw unusable(/^[A-Za-z]{1,30}$/.test(unknown) ? unknown : 'options')
  return given
}

/** Names an option, and never its value. */
export function unusable(name: string): SecureKeyError {
  return new SecureKeyError('bad-option', `The option ${name} is not usable`, { place: name })
}
