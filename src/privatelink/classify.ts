import { cleanName, kindOf, toldBy } from '../aws/classify.ts'
import type { EndpointFailure } from '../domain/aws-endpoint.ts'

type Kind = EndpointFailure['kind']

/** Codes by what they say (EC2 API Reference, "Error codes"); two spellings of some are in use. */
const KINDS: Readonly<Record<string, Kind>> = {
  'InvalidVpcEndpointServiceId.NotFound': 'missing',
  'InvalidVpcEndpointService.NotFound': 'missing',
  'InvalidVpcEndpointId.NotFound': 'missing',
  'InvalidVpcEndpoint.NotFound': 'missing',
  ExistingVpcEndpointConnections: 'busy',
  LimitExceeded: 'quota',
  // Something else is still under way with it.
  IncorrectState: 'outage',
  InvalidState: 'outage',
}

const A_LIMIT = /(Limit|Quota)Exceeded(Exception)?$/
/** AWS has a code for each parameter that it does not take. */
const NOT_TAKEN =
  /^(Invalid|Missing|Malformed|UnknownParameter|Unsupported|Idempotent|Validation|Filter)|NotFound$/

/** What an error of the AWS SDK says. What says nothing (the network, TLS, DNS, an answer that is none of EC2) is an outage. */
export function endpointFailureOf(error: unknown): EndpointFailure {
  const { name, status, detail } = toldBy(error)
  return { kind: kindFor(name, status), detail }
}

/**
 * Whether somebody who plays AWS answered with status 500 and a page for people: moto does for an action that it does not know.
 * AWS itself says in XML what is wrong with it.
 */
export function isPageForPeople(error: unknown): boolean {
  const { status } = toldBy(error)
  const text = error instanceof Error && '$responseBodyText' in error ? String(error.$responseBodyText) : ''
  return status === 500 && /^\s*<(!doctype )?html/i.test(text)
}

/** What an entry of a list of failures says, which stands inside an answer with status 200. */
export function failureOfCode(code: string): EndpointFailure {
  const name = cleanName(code)
  return { kind: kindFor(name, undefined), detail: name }
}

function kindFor(name: string, status: number | undefined): Kind {
  const kind = kindOf({ name, status }, KINDS)
  if (kind === 'credentials') return 'refused'
  if (kind !== 'outage' || Object.hasOwn(KINDS, name)) return kind
  if (status !== undefined && status >= 500) return kind
  if (A_LIMIT.test(name)) return 'quota'
  return NOT_TAKEN.test(name) ? 'invalid' : 'outage'
}
