import type { KmsFailure, KmsRight } from '../domain/kms.ts'

/** Exceptions by what they say of the key (AWS KMS API Reference, "Errors" of each action, and "Common errors"). */
const KINDS: Readonly<Record<string, KmsFailure['kind']>> = {
  DisabledException: 'withdrawn',
  KMSInvalidStateException: 'withdrawn',
  KeyUnavailableException: 'withdrawn',
  AccessDeniedException: 'refused',
  AccessDenied: 'refused',
  NotFoundException: 'refused',
  NotAuthorized: 'refused',
  UnrecognizedClientException: 'credentials',
  InvalidClientTokenId: 'credentials',
  InvalidSignatureException: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  IncompleteSignature: 'credentials',
  IncompleteSignatureException: 'credentials',
  MissingAuthenticationToken: 'credentials',
  MissingAuthenticationTokenException: 'credentials',
  ExpiredToken: 'credentials',
  ExpiredTokenException: 'credentials',
  RequestExpired: 'credentials',
  OptInRequired: 'credentials',
  CredentialsProviderError: 'credentials',
  ThrottlingException: 'outage',
  Throttling: 'outage',
  TooManyRequestsException: 'outage',
  LimitExceededException: 'outage',
  RequestLimitExceeded: 'outage',
  DependencyTimeoutException: 'outage',
  KMSInternalException: 'outage',
  InternalFailure: 'outage',
  ServiceUnavailable: 'outage',
  UnknownOperationException: 'unsupported',
  UnsupportedOperationException: 'unsupported',
  NotImplementedException: 'unsupported',
  NotImplemented: 'unsupported',
  InvalidAction: 'unsupported',
  InvalidCiphertextException: 'wrong',
  IncorrectKeyException: 'wrong',
  InvalidKeyUsageException: 'wrong',
  InvalidArnException: 'wrong',
  ValidationException: 'wrong',
  SerializationException: 'wrong',
}

const LONGEST_NAME = 60

/**
 * What an error of the AWS SDK says of a key. The name of the exception decides, then the status; what says nothing of the
 * key (the network, TLS, DNS, an answer that is no answer of KMS) is an outage. Its text is not taken over.
 */
export function kmsFailureOf(error: unknown, right: KmsRight): KmsFailure {
  const name = nameOf(error)
  const status = statusOf(error)
  const kind = (Object.hasOwn(KINDS, name) && KINDS[name]) || kindOfStatus(status)
  return { kind, right, detail: status === undefined ? name : `${name} (status ${status})` }
}

function kindOfStatus(status: number | undefined): KmsFailure['kind'] {
  if (status === 501) return 'unsupported'
  return 'outage'
}

function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.name : 'Error'
  return name.replaceAll(/[^\w.]/g, '').slice(0, LONGEST_NAME) || 'Error'
}

function statusOf(error: unknown): number | undefined {
  const metadata = typeof error === 'object' && error !== null && '$metadata' in error && error.$metadata
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return typeof status === 'number' ? status : undefined
}
