/**
 * What this library throws. `code` says what is wrong, `variable` and `place` where: the part of the config var, or the
 * name of an option. No message holds the text of a key, of a token or of what was signed.
 */
export class SecureKeyError extends Error {
  readonly code: ErrorCode
  // Not there where there is none: an own field would be, as undefined.
  declare readonly variable?: string
  declare readonly place?: number | string

  constructor(code: ErrorCode, message: string, where: { variable?: string; place?: number | string } = {}) {
    super(`${message} (${code})`)
    this.name = 'SecureKeyError'
    this.code = code
    if (where.variable !== undefined) this.variable = where.variable
    if (where.place !== undefined) this.place = where.place
  }
}

/** At the start: what is wrong with the config var or with an option. Later: what cannot be signed or derived. */
export type ErrorCode =
  | 'missing'
  | 'not-two-keys'
  | 'bad-key'
  | 'same-key-twice'
  | 'bad-option'
  | 'bad-url'
  | 'bad-token'
  | 'bad-purpose'
  | 'bad-text'
  | 'text-too-long'
  | 'bad-life'
  | 'life-too-long'
  | 'bad-length'
  | 'unknown-key'
  | 'bad-algorithm'
  | 'no-versions'
  | 'unsafe-framework'
  | 'missing-package'
