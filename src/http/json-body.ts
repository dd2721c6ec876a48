import type { FastifyInstance } from 'fastify'
import { SecurekeyError } from '../domain/errors.ts'

/**
 * Reads JSON bodies under either media type that Heroku uses, with or without parameters. An empty body is no body:
 * DELETE comes with a JSON content type and nothing in it.
 */
export function registerJsonBody(app: FastifyInstance): void {
  const types = ['application/json', 'application/vnd.heroku-addons+json']
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(types, { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') {
      done(null, undefined)
      return
    }
    try {
      done(null, JSON.parse(String(text), withoutPrototype))
    } catch {
      // The parser's own message quotes the body, which may hold a grant code.
      done(new SecurekeyError('malformed-request', 'The request body is not valid JSON.'))
    }
  })
}

/** Unknown fields are ignored, and these two most of all. */
function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' || key === 'constructor' ? undefined : value
}
