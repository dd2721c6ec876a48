/**
 * A refusal as the Platform API words it: `{ id, message }` with a status, plus `fields` for the few errors
 * that carry more. The customer's actions throw it as well (Platform API Reference, "Errors").
 */
export class HerokuError extends Error {
  readonly status: number
  readonly id: string
  readonly fields: Record<string, unknown>

  constructor(status: number, id: string, message: string, fields: Record<string, unknown> = {}) {
    super(message)
    this.name = 'HerokuError'
    this.status = status
    this.id = id
    this.fields = fields
  }
}

const missing = {
  app: 'app',
  addon: 'add_on',
  attachment: 'add_on attachment',
  release: 'release',
  webhook: 'webhook',
  plan: 'plan',
  service: 'add_on service',
  dyno: 'dyno',
  collaborator: 'collaborator',
} as const

/** 404 with the kind of thing that is missing in `resource`, as the CLI reads it. */
export function notFound(thing: keyof typeof missing): HerokuError {
  const resource = missing[thing]
  return new HerokuError(404, 'not_found', `Couldn't find that ${resource.replace('_', '-')}.`, { resource })
}

/** 422 for a request that is understood and refused. */
export function invalidParams(message: string): HerokuError {
  return new HerokuError(422, 'invalid_params', message)
}

/** 401: no credentials, or ones that are unknown, expired or revoked. */
export function unauthorized(message = 'Invalid credentials provided.'): HerokuError {
  return new HerokuError(401, 'unauthorized', message)
}

/** 403: the credentials are good, yet do not reach this. */
export function forbidden(message = 'You do not have access to this resource.'): HerokuError {
  return new HerokuError(403, 'forbidden', message)
}
