import type { FastifyRequest } from 'fastify'
import { cleanAddress } from '../domain/clean-text.ts'
import { throughEndpoint } from '../domain/network.ts'
import { privateEndpointOf } from './private/peers.ts'

/** Everything that is refused because somebody may be where he should not. */
export type SecurityRefusal =
  | 'wrong-password'
  | 'sign-on'
  | 'form-token'
  | 'foreign-session'
  | 'forged-session'
  | 'user-sign-on-required'
  | 'wrong-token'
  | 'forged-token'
  | 'wrong-scope'
  | 'wrong-client'
  | 'client-came-back'
  | 'too-many-requests'
  | 'plain-http'
  | 'not-this-endpoint'

/**
 * Writes the one line that whoever watches for attacks has to look for: what kind, from which address, on which route,
 * and the resource where one is known. It never holds what was sent.
 */
export function logSecurityRefusal(
  request: FastifyRequest,
  kind: SecurityRefusal,
  more: { resourceId?: string | undefined; problem?: string } = {},
): void {
  const route = request.routeOptions.url ?? 'none'
  request.log.warn({ kind, address: addressOf(request), route, ...more }, 'security refused')
}

/**
 * The client's address: the last one that Heroku's router has put into `X-Forwarded-For` (HTTP Routing). Through a VPC endpoint
 * it is the one within the customer's network and the endpoint, since many such networks have the same addresses.
 */
export function addressOf(request: FastifyRequest): string | null {
  const address = cleanAddress(request.ip)
  const endpointId = privateEndpointOf(request)
  return endpointId === null ? address : throughEndpoint(address, endpointId)
}
