import type { FastifyInstance, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

type Strategy = Parameters<FastifyInstance['addConstraintStrategy']>[0]
type Handler = Parameters<ReturnType<Strategy['storage']>['set']>[1]

/**
 * Lets a program and a browser share an address: a route with the constraint `prefers: 'json'` takes a request that would
 * rather have JSON than a page (RFC 9110, 12.5.1). Whoever does not say, and every browser, gets the route without.
 */
export const PREFERS: Strategy = {
  name: 'prefers',
  storage() {
    const handlers = new Map<unknown, Handler>()
    return {
      get: (value) => handlers.get(value) ?? null,
      set: (value, handler) => void handlers.set(value, handler),
    }
  },
  deriveConstraint: ({ headers }) => (prefersJson(headers) ? 'json' : undefined),
}

/** The page first, for whoever takes anything. */
const OFFERED = ['text/html', 'application/json', 'application/json;charset=utf-8']

function prefersJson(headers: FastifyRequest['headers']): boolean {
  if (!/json/i.test(headers.accept ?? '')) return false
  return new Negotiator({ headers }).mediaType(OFFERED)?.startsWith('application/json') ?? false
}
