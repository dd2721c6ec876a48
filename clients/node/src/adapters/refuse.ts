import { SecureKeyError } from '../secure-key-error.ts'

/**
 * The options that an app gives a framework, as a record. Throws `bad-option` for one that the adapter sets itself: a
 * value beside it would silently win or lose.
 */
export function optionsOf(options: object | undefined, setHere: readonly string[]): Record<string, unknown> {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new SecureKeyError('bad-option', 'The options are not an object', { place: 'options' })
  }
  const given: Record<string, unknown> = Object.assign(Object.create(null), options)
  const doubled = setHere.find((name) => given[name] !== undefined)
  if (doubled !== undefined) {
    throw new SecureKeyError('bad-option', `The keyring sets ${doubled}: leave it out`, { place: doubled })
  }
  return given
}

/** Throws `bad-option` unless it is what a package exports: a function, or a class. */
export function checkLibrary(library: unknown): void {
  if (typeof library !== 'function')
    throw badOption('library', 'The first argument is what the package exports')
}

/** Refuses an option with a sentence that says why. */
export function badOption(place: string, why: string): SecureKeyError {
  return new SecureKeyError('bad-option', why, { place })
}
