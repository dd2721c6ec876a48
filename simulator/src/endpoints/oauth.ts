import { credentialIn } from '../credentials.ts'
import { type Endpoint, ok } from '../endpoint.ts'
import { strings } from '../fields.ts'
import type { Heroku } from '../heroku.ts'
import { requestTokens } from '../oauth-tokens.ts'

/**
 * `POST /oauth/token` of id.heroku.com: parameters in a form, a JSON body or the query; the client secret there too,
 * or as the password of basic auth.
 */
export function oauthEndpoints(heroku: Heroku): Endpoint[] {
  return [
    {
      method: 'POST',
      url: '/oauth/token',
      access: 'oauth',
      answer: (call) => {
        const basic = credentialIn(call.headers.authorization)
        const request = {
          ...(basic === undefined ? {} : { client_secret: basic }),
          ...call.query,
          ...strings(call.body),
        }
        return ok(requestTokens(heroku, request))
      },
    },
  ]
}
