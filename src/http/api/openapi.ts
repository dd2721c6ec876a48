import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifySchema } from 'fastify'

/** What stands around the routes in `/v1/openapi.json`. */
export const OPENAPI: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'securekey',
      version: '1',
      description:
        'Rotate, revoke and verify the keys of one securekey add-on. A token belongs to one add-on, so no path names one. Make a token on the dashboard of the add-on, page *API tokens*, or sign on by the command line as a person: `POST /sso/login`. The API is at the address of the dashboard, below `/v1`. Dates are UTC; a body is JSON, of 8 kB at most, and a field or query that is not described is refused.\n\nErrors are `application/problem+json` (RFC 9457); `type` says what is wrong and never changes its meaning. Whatever is wrong with a token, the answer is the same 401. A token may ask 120 times a minute, and for a change of the same kind 120 times an hour: see the `RateLimit-*` headers. A 429 says in `Retry-After` after how many seconds to come back, and so does the 503 `keys-revoked`. Sixty wrong tokens a minute from one address are answered with 429 too, and no right one is refused for them. New fields, new words in open lists and new routes may come at any time; what is here stays.',
    },
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'sk_api_<id>_<secret>',
          description: 'An API token. A route names the scopes of which it needs one.',
        },
        person: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'sk_cli_<id>_<secret>',
          description:
            'What a person got who signed on by the command line. It has all scopes, and the history names the person; if the sign-on named nobody, it has `read` and `rotate` alone, and the routes without a scope refuse it.',
        },
        client: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'sk_client_<id>_<secret>',
          description:
            'The secret of an enrolled client: see the page *Clients* of the dashboard. The request is signed as well.',
        },
      },
    },
  },
  transform: ({ schema, url }) => ({ schema: withPersons(schema), url }),
  refResolver: {
    buildLocalReference: (json, _baseUri, _fragment, index) =>
      typeof json.$id === 'string' ? json.$id : `schema-${index}`,
  },
}

/** What a token may do, a person with the same scope may do by the command line. */
function withPersons(schema: FastifySchema): FastifySchema {
  const security = schema?.security?.flatMap((each) => (each.token ? [each, { person: each.token }] : [each]))
  return { ...schema, ...(security && { security }) }
}
