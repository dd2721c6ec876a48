/** Every reason for which the service refuses a request. The HTTP status of each stands in `http/errors.ts`. */
export type ErrorCode =
  | 'malformed-request'
  | 'unauthenticated'
  | 'unknown-plan'
  | 'invalid-option'
  | 'too-many'
  | 'already-there'
  | 'unknown-resource'
  | 'resource-gone'
  | 'not-found'
  | 'not-now'
  | 'not-confirmed'
  | 'sealed-value-unreadable'
  | 'wrong-sealing-keys'
  | 'own-key-unusable'
  | 'own-key-unreachable'
  | 'plain-http'
  | 'too-many-requests'

/**
 * A refused request or a broken promise.
 * `message` is written for the customer and may be shown; `detail` is for the log alone. Neither ever holds a secret.
 */
export class SecurekeyError extends Error {
  readonly code: ErrorCode
  readonly detail: string | undefined

  constructor(code: ErrorCode, message: string, options: { detail?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'SecurekeyError'
    this.code = code
    this.detail = options.detail
  }
}

/** Whether it is a customer's own key that cannot be used, or not be reached. */
export function isOfOwnKey(error: unknown): boolean {
  return (
    error instanceof SecurekeyError &&
    (error.code === 'own-key-unusable' || error.code === 'own-key-unreachable')
  )
}
