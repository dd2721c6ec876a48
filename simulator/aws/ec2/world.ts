import { createHash } from 'node:crypto'

/** An endpoint service of an account in a region. */
export type EndpointService = {
  id: string
  name: string
  account: string
  region: string
  state: 'Pending' | 'Available' | 'Deleting' | 'Failed'
  acceptanceRequired: boolean
  nlbArns: readonly string[]
  tags: Record<string, string>
  principals: Set<string>
} & Timed

/** A VPC endpoint of a customer at such a service. AWS spells its states with a small first letter. */
export type Endpoint = {
  id: string
  account: string
  region: string
  vpcId: string
  serviceId: string
  serviceName: string
  state: EndpointState
  dnsNames: readonly string[]
  tags: Record<string, string>
} & Timed

export type EndpointState =
  | 'pendingAcceptance'
  | 'pending'
  | 'available'
  | 'rejected'
  | 'failed'
  | 'expired'
  | 'deleting'
  | 'deleted'

type Timed = {
  createdAt: Date
  /** When it is no longer pending or being deleted. */
  settlesAt: number
  /** When those who ask for it see it. */
  visibleAt: number
}

/** How long AWS takes. */
export type Delays = {
  /** For a service to become available or to be gone. */
  serviceMs: number
  /** For an accepted endpoint to become available, and a deleted one to be gone. */
  endpointMs: number
  /** For what was just made to be seen: until then AWS says that there is none. */
  visibleMs: number
}

/** Everything that the fake knows of. */
export type World = {
  delays: Delays
  services: Map<string, EndpointService>
  endpoints: Map<string, Endpoint>
  /** The network load balancers that exist. */
  nlbs: Set<string>
  /** What was made for a token of an account, and with which parameters. */
  tokens: Map<string, { id: string; parameters: string }>
}

/** Those that hold a service: it cannot be deleted while it has one. */
const LIVE: readonly EndpointState[] = ['pendingAcceptance', 'pending', 'available']

export function createWorld(delays: Partial<Delays>): World {
  return {
    delays: { serviceMs: 0, endpointMs: 0, visibleMs: 0, ...delays },
    services: new Map(),
    endpoints: new Map(),
    nlbs: new Set(),
    tokens: new Map(),
  }
}

/** Lets happen what is due by this moment. */
export function settle({ services, endpoints }: World, now: number): void {
  for (const service of services.values()) {
    if (service.settlesAt > now) continue
    if (service.state === 'Pending') service.state = 'Available'
    if (service.state === 'Deleting') services.delete(service.id)
  }
  for (const endpoint of endpoints.values()) {
    if (endpoint.settlesAt > now) continue
    if (endpoint.state === 'pending') endpoint.state = 'available'
    if (endpoint.state === 'deleting') endpoint.state = 'deleted'
  }
}

export function isLive({ state }: Endpoint): boolean {
  return LIVE.includes(state)
}

/** The endpoints at a service. */
export function endpointsAt({ endpoints }: World, serviceId: string): Endpoint[] {
  return [...endpoints.values()].filter((endpoint) => endpoint.serviceId === serviceId)
}

/** An id as EC2 makes them: 17 hexadecimal digits. */
export function newId(prefix: string, random: (bytes: number) => Buffer): string {
  return `${prefix}-${random(9).toString('hex').slice(0, 17)}`
}

/** The names of an endpoint: that of its region, then that of a zone. */
export function dnsNamesOf(endpointId: string, serviceId: string, region: string): string[] {
  const mark = createHash('sha256').update(endpointId).digest('hex').slice(0, 8)
  const end = `${serviceId}.${region}.vpce.amazonaws.com`
  return [`${endpointId}-${mark}.${end}`, `${endpointId}-${mark}-${region}a.${end}`]
}
