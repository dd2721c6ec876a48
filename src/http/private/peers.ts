import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** Who is at the other end of a connection of the private listener. No endpoint: the load balancer, or something beside it. */
export type PrivatePeer = { address: string | null; endpointId: string | null }

const peers = new WeakMap<object, PrivatePeer>()

/**
 * Makes a connection one of the private side. Its address is from then on that of its header, wherever somebody asks for it.
 * What a connection is once, it is for all requests that come on it.
 */
export function makePrivate(socket: Socket, peer: PrivatePeer): void {
  peers.set(socket, peer)
  Object.defineProperty(socket, 'remoteAddress', { value: peer.address ?? undefined })
}

/** Who sent a request that came by the private listener; undefined where it came by the public address. */
export function peerOf({ raw }: Pick<FastifyRequest, 'raw'>): PrivatePeer | undefined {
  return peers.get(raw.socket)
}

/** The VPC endpoint that a request came through; null where it came through none. */
export function privateEndpointOf(request: Pick<FastifyRequest, 'raw'>): string | null {
  return peerOf(request)?.endpointId ?? null
}

/** Takes from a request of the private side what Heroku's router says at the other: here anybody could have written it. */
export function forgetForwarded(request: IncomingMessage): void {
  if (!peers.has(request.socket)) return
  for (const name of Object.keys(request.headers)) {
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete request.headers[name]
  }
}
