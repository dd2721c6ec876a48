import type { FastifyInstance } from 'fastify'
import { SecurekeyError } from '../domain/errors.ts'

const BYTE_ORDER_MARK = /^\uFEFF/

/**
 * Reads every body as JSON, whatever its content type says and if it says nothing: what Heroku sends is JSON, and a
 * provision must not fail over a header. An empty body is no body: DELETE comes with a content type and nothing in it.
 * Whatever else it comes with says nothing either.
 */
export function registerJsonBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  // A content type that is none at all is refused before any parser is asked.
  app.addHook('onRequest', async ({ headers }) => {
    if (headers['content-type'] !== undefined) headers['content-type'] = 'application/json'
  })
  app.addContentTypeParser('*', { parseAs: 'string' }, ({ method }, body, done) => {
    const text = String(body).replace(BYTE_ORDER_MARK, '')
    if (text === '' || method === 'DELETE') {
      done(null, undefined)
      return
    }
    try {
      done(null, JSON.parse(text, withoutPrototype))
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
