import { kindOf, toldBy } from '../aws/classify.ts'
import type { KmsFailure, KmsRight } from '../domain/kms.ts'

/** Exceptions by what they say of the key (AWS KMS API Reference, "Errors" of each action). */
const KINDS: Readonly<Record<string, KmsFailure['kind']>> = {
  DisabledException: 'withdrawn',
  KMSInvalidStateException: 'withdrawn',
  KeyUnavailableException: 'withdrawn',
  NotFoundException: 'refused',
  LimitExceededException: 'outage',
  DependencyTimeoutException: 'outage',
  KMSInternalException: 'outage',
  InvalidCiphertextException: 'wrong',
  IncorrectKeyException: 'wrong',
  InvalidKeyUsageException: 'wrong',
  InvalidArnException: 'wrong',
  ValidationException: 'wrong',
  SerializationException: 'wrong',
}

/**
 * What an error of the AWS SDK says of a key. The name of the exception decides, then the status; what says nothing of the
 * key (the network, TLS, DNS, too many calls, an answer that is no answer of KMS) is an outage. Its text is not taken over.
 */
export function kmsFailureOf(error: unknown, right: KmsRight): KmsFailure {
  const told = toldBy(error)
  const kind = kindOf(told, KINDS)
  return { kind: kind === 'limited' ? 'outage' : kind, right, detail: told.detail }
}
