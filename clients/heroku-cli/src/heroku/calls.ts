import { fieldsOf } from '../answers/fields.ts'
import { cleanText } from '../words/clean.ts'

/** Calls of Heroku's Platform API in the user's name. Each throws `HerokuRefusedError` for a refusal. */
export type Heroku = {
  get: (path: string) => Promise<unknown>
  /** The same for what is secret: `HEROKU_DEBUG=1` prints every other answer. */
  getSecret: (path: string) => Promise<unknown>
  post: (path: string, body: Readonly<Record<string, unknown>>) => Promise<unknown>
}

/** What the CLI's client throws for a refusal of Heroku. */
type HerokuError = Error & { http: { statusCode: number }; body: unknown }

/** Heroku has refused, in its own words. `resource` is the kind of thing that is missing. */
export class HerokuRefusedError extends Error {
  readonly status: number
  readonly resource: string

  constructor({ message, http, body }: HerokuError) {
    super(message)
    this.status = http.statusCode
    this.resource = cleanText(String(fieldsOf(body).resource ?? ''), 60)
  }
}

/** Heroku, or whatever stands before it, has sent something else than JSON. */
export class UnreadableHerokuError extends Error {
  constructor() {
    super("Heroku's answer cannot be read. Look at https://status.heroku.com and try again.")
  }
}

export function isHerokuError(error: unknown): error is HerokuError {
  return error instanceof Error && 'body' in error && 'http' in error && hasStatus(error.http)
}

function hasStatus(http: unknown): boolean {
  return (
    typeof http === 'object' && http !== null && 'statusCode' in http && typeof http.statusCode === 'number'
  )
}
