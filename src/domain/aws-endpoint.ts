/**
 * Why a call to the endpoint services of AWS did not succeed.
 * - `refused`: AWS does not know us, or gives us no right to do it
 * - `limited`: too many calls for now
 * - `quota`: a limit of the account is reached; only a person changes that
 * - `missing`: there is no such service or endpoint, or not yet
 * - `busy`: the service still has endpoints
 * - `invalid`: AWS does not take the input, or answers without what was asked for
 * - `unsupported`: whoever answers does not know the action
 * - `outage`: 5xx, no answer: nothing is known
 */
export type EndpointFailure = {
  kind: 'refused' | 'limited' | 'quota' | 'missing' | 'busy' | 'invalid' | 'unsupported' | 'outage'
  /** A short phrase of ours, for logs. */
  detail: string
}

/** The value of a call, or why there is none. */
export type EndpointResult<T> = { ok: true; value: T } | { ok: false; failure: EndpointFailure }

/** The states of an endpoint service, as AWS names them in small letters. `unknown`: AWS said another word, or none. */
export const SERVICE_STATES = ['pending', 'available', 'deleting', 'deleted', 'failed'] as const
export type ServiceState = (typeof SERVICE_STATES)[number] | 'unknown'

/** The states of a customer's endpoint at a service. AWS spells them with small and with capital letters. */
export const CONNECTION_STATES = [
  'pendingacceptance',
  'pending',
  'available',
  'rejected',
  'failed',
  'expired',
  'deleting',
  'deleted',
  'partial',
] as const
export type ConnectionState = (typeof CONNECTION_STATES)[number] | 'unknown'

/** An endpoint service as AWS shows it. */
export type ServiceFacts = { serviceId: string; serviceName: string; state: ServiceState }

/** A customer's endpoint as AWS shows it to the service: of its owner, the account alone. */
export type ConnectionFacts = {
  endpointId: string
  ownerAccount: string
  state: ConnectionState
  dnsName: string | null
}

/** Where a service is. */
export type ServicePlace = { region: string; serviceId: string }

/** An endpoint for which AWS did not do what the call asked, and the code that it gave. */
export type EndpointNotDone = { endpointId: string; code: string }

/** The endpoint services of our own account at AWS. No call throws, and none lasts longer than a few seconds. */
export type EndpointServices = {
  /** Makes the service of an add-on, closed to all. The same token makes the same one. */
  create: (at: {
    region: string
    nlbArn: string
    clientToken: string
    resourceId: string
  }) => Promise<EndpointResult<ServiceFacts>>
  /** The services that carry the tag of the add-on, and the one of this id; deleted ones are left out. */
  find: (at: {
    region: string
    resourceId: string
    serviceId: string | null
  }) => Promise<EndpointResult<ServiceFacts[]>>
  /** The full ARNs of those who may make an endpoint. */
  listPrincipals: (at: ServicePlace) => Promise<EndpointResult<string[]>>
  changePrincipals: (
    at: ServicePlace,
    change: { add: readonly string[]; remove: readonly string[] },
  ) => Promise<EndpointResult<void>>
  /** Every endpoint that AWS shows, also those that are no more. */
  listConnections: (at: ServicePlace) => Promise<EndpointResult<ConnectionFacts[]>>
  /** Lets endpoints in; those with which AWS did not do so are in the value. */
  accept: (
    at: ServicePlace,
    endpointIds: readonly string[],
  ) => Promise<EndpointResult<{ failed: EndpointNotDone[] }>>
  /** Ends or turns down endpoints, as `accept` lets them in. */
  reject: (
    at: ServicePlace,
    endpointIds: readonly string[],
  ) => Promise<EndpointResult<{ failed: EndpointNotDone[] }>>
  /** Deletes the service; `busy` while it has endpoints. */
  remove: (at: ServicePlace) => Promise<EndpointResult<void>>
  close: () => void
}

/** One line for logs. */
export function describeEndpointFailure({ kind, detail }: EndpointFailure): string {
  return `${kind}: ${detail}`
}
