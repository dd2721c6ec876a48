/** A refusal of KMS, by the name of its exception class. */
export class KmsError extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = SERVER_FAULTS.has(type) ? 500 : 400) {
    super(message)
    this.name = 'KmsError'
    this.type = type
    this.status = status
  }
}

/** Exceptions that KMS sends with status 500; every other one comes with 400 (KMS API Reference, "Errors"). */
const SERVER_FAULTS = new Set([
  'KMSInternalException',
  'KeyUnavailableException',
  'DependencyTimeoutException',
])
