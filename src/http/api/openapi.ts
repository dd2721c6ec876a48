import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'

/** What stands around the routes in `/v1/openapi.json`. */
export const OPENAPI: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'securekey',
      version: '1',
      description:
        'Rotate, revoke and verify the keys of one securekey add-on. A token belongs to one add-on, so no path names one. Make a token on the dashboard of the add-on, page *API tokens*.\n\nErrors are `application/problem+json` (RFC 9457); `type` says what is wrong and never changes its meaning. Whatever is wrong with a token, the answer is the same 401. A token may ask 120 times a minute: see the `RateLimit-*` headers, and `Retry-After` of a 429. New fields, new words in open lists and new routes may come at any time; what is here stays.',
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'sk_api_<id>_<secret>' },
      },
    },
  },
  refResolver: {
    buildLocalReference: (json, _baseUri, _fragment, index) =>
      typeof json.$id === 'string' ? json.$id : `schema-${index}`,
  },
}
