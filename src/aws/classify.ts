/**
 * What an error says whichever service of AWS it comes from.
 * - `refused`: the one that we are has no right to it
 * - `credentials`: AWS does not know us
 * - `limited`: too many calls for now
 * - `unsupported`: whoever answers does not know the action
 * - `outage`: 5xx, no answer, or nothing that AWS would say
 */
export type CommonKind = 'refused' | 'credentials' | 'limited' | 'unsupported' | 'outage'

/** Names that every service uses, in JSON (…Exception) and in the query protocol ("Common errors" of each API). */
const COMMON: Readonly<Record<string, CommonKind>> = {
  AccessDenied: 'refused',
  AccessDeniedException: 'refused',
  NotAuthorized: 'refused',
  UnauthorizedOperation: 'refused',
  OperationNotPermitted: 'refused',
  AuthFailure: 'credentials',
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
  OptInRequired: 'credentials',
  CredentialsProviderError: 'credentials',
  ThrottlingException: 'limited',
  Throttling: 'limited',
  TooManyRequestsException: 'limited',
  RequestLimitExceeded: 'limited',
  RequestThrottled: 'limited',
  SlowDown: 'limited',
  InternalFailure: 'outage',
  InternalError: 'outage',
  ServiceUnavailable: 'outage',
  Unavailable: 'outage',
  UnknownOperationException: 'unsupported',
  UnknownOperation: 'unsupported',
  UnknownAction: 'unsupported',
  UnsupportedOperation: 'unsupported',
  UnsupportedOperationException: 'unsupported',
  NotImplementedException: 'unsupported',
  NotImplemented: 'unsupported',
  InvalidAction: 'unsupported',
}

const LONGEST_NAME = 60

/** The name of an error, its status, and what both say of it in a few words; nothing of its text is taken over. */
export function toldBy(error: unknown): { name: string; status: number | undefined; detail: string } {
  const name = cleanName(error instanceof Error ? error.name : '')
  const status = statusOf(error)
  return { name, status, detail: status === undefined ? name : `${name} (status ${status})` }
}

/**
 * 501 first, since some who play AWS give it any name; then the words of `own`, those that all services share, and 429.
 */
export function kindOf<Kind>(
  { name, status }: { name: string; status: number | undefined },
  own: Readonly<Record<string, Kind>>,
): Kind | CommonKind {
  if (status === 501) return 'unsupported'
  const named = entryOf(own, name) ?? entryOf(COMMON, name)
  if (named !== undefined) return named
  return status === 429 ? 'limited' : 'outage'
}

/** A name of AWS's kind, such as `InvalidVpcId.NotFound`; whatever else stands in it is left out. */
export function cleanName(text: string): string {
  return text.replaceAll(/[^\w.]/g, '').slice(0, LONGEST_NAME) || 'Error'
}

function entryOf<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function statusOf(error: unknown): number | undefined {
  const metadata = typeof error === 'object' && error !== null && '$metadata' in error && error.$metadata
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return typeof status === 'number' ? status : undefined
}
