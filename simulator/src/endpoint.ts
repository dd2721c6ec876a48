import type { AddOn, User } from './world.ts'

/** Who is calling: the service for one add-on, or a person (the CLI, curl). */
export type Caller = { kind: 'partner'; addon: AddOn } | { kind: 'customer'; user: User } | { kind: 'anyone' }

/** A request as an endpoint sees it. */
export type Call = {
  method: string
  /** Without the query. */
  path: string
  params: Record<string, string>
  query: Record<string, string>
  headers: Record<string, string>
  body: Record<string, unknown>
  /** The body's bytes, where the endpoint takes something other than JSON or a form. */
  raw: Buffer
  caller: Caller
}

/** What an endpoint answers; `headers` in lower case. */
export type Answer = { status: number; body: unknown; headers?: Record<string, string> }

/**
 * One row of the simulator's table of endpoints. `access` says whose it is: `partner` and `either` take an access
 * token; `oauth`, `logplex` and `vendor` have credentials of their own; both kinds are recorded and hit by faults.
 */
export type Endpoint = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  access: 'partner' | 'either' | 'customer' | 'oauth' | 'logplex' | 'vendor'
  /** False for what does not count against the rate limit. */
  counted?: boolean
  answer: (call: Call) => Answer | Promise<Answer>
}

/** A 200 with this body. */
export function ok(body: unknown): Answer {
  return { status: 200, body }
}

/** A 201 with this body. */
export function created(body: unknown): Answer {
  return { status: 201, body }
}
