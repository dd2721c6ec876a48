import { kindOf, toldBy } from '../aws/classify.ts'
import type { KmsFailure, KmsRight } from '../domain/kms.ts'

/** Exceptions by what they say of the key (AWS KMS API Reference, "Errors" of each action). */
const KINDS: Readonly<Record<string, KmsFailure['kind']>> = {
  DisabledException: 'withdrawn',
  KMSInvalidStateException: 'withdrawn',
  KeyUnavailableException: 'withdrawn',
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
  // Our clock is off: AWS takes no signature that is more than five minutes away from its own.
  RequestTimeTooSkewed: 'credentials',
  RequestInTheFuture: 'credentials',
  AuthFailure: 'credentials',
  OptInRequired: 'credentials',
  CredentialsProviderError: 'credentials',
  ThrottlingException: 'outage',
  Throttling: 'outage',
  TooManyRequestsException: 'outage',
  LimitExceededException: 'outage',
  DependencyTimeoutException: 'outage',
  KMSInternalException: 'outage',
  InternalFailure: 'outage',
  ServiceUnavailable: 'outage',
  UnknownOperationException: 'unsupported',
  UnknownOperation: 'unsupported',
  UnknownAction: 'unsupported',
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

/**
 * What an error of the AWS SDK says of a key. The name of the exception decides, then the status (501 comes first: some who
 * play AWS give it any name); what says nothing of the
 * key (the network, TLS, DNS, an answer that is no answer of KMS) is an outage. Its text is not taken over.
 */
export function kmsFailureOf(error: unknown, right: KmsRight): KmsFailure {
  const name = nameOf(error)
  const status = statusOf(error)
  const kind = status === 501 ? 'unsupported' : (Object.hasOwn(KINDS, name) && KINDS[name]) || 'outage'
  return { kind, right, detail: status === undefined ? name : `${name} (status ${status})` }
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
