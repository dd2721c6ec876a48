import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { claimedResourceId, type SignOnFields } from '../../domain/sso.ts'
import { signOn } from '../../flows/dashboard/sign-on.ts'
import type { Deps } from '../../flows/deps.ts'
import { baseOf } from '../dashboard/addresses.ts'
import { sendNotSignedIn } from '../dashboard/messages.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import type { SessionCookies } from './session-cookie.ts'
import { fieldsOf, SIGN_ONS_PER_MINUTE } from './sign-on-fields.ts'

/**
 * Where Heroku's site posts its form, and the v1 variant that puts the same fields into the address (Add-on Single
 * Sign-on). The form comes from another site, so it carries no form token: the signature is its proof. Who would rather
 * have JSON comes to `api/sign-on.ts`.
 */
export function registerSignOn(
  app: FastifyInstance,
  deps: Deps,
  options: { salt: string; cookies: SessionCookies },
): void {
  const { salt, cookies } = options
  const config = { rateLimit: { max: SIGN_ONS_PER_MINUTE, timeWindow: '1 minute' } }

  app.post('/sso/login', { config }, async (request, reply) => {
    return await answer(request, reply, fieldsOf(request.body))
  })

  // Without its HEAD: whoever only looks at a link must not use its token up.
  const v1 = { config, exposeHeadRoute: false }
  app.get<{ Params: { id: string } }>('/heroku/resources/:id', v1, async (request, reply) => {
    return await answer(request, reply, { ...fieldsOf(request.query), id: request.params.id })
  })

  async function answer(request: FastifyRequest, reply: FastifyReply, fields: SignOnFields) {
    const sessionOf = (resourceId: string) => cookies.read(request, resourceId)
    const outcome = await signOn(deps, { fields, salt, address: addressOf(request), sessionOf })
    switch (outcome.outcome) {
      case 'signed-in':
        cookies.set(reply, outcome.resourceId, outcome.sessionId)
        return reply.redirect(baseOf(outcome.resourceId), 302)
      case 'already-signed-in':
        return reply.redirect(baseOf(outcome.resourceId), 302)
      case 'refused': {
        // On a POST from another site browsers withhold a Lax cookie. The page that refuses lets the browser come
        // back from here, with its cookie: if it holds the session that this form made, it was a double click.
        const { used, problem } = outcome
        const resourceId = claimedResourceId(fields)
        logSecurityRefusal(request, 'sign-on', { problem, ...(resourceId && { resourceId }) })
        const again = used && `${baseOf(used.resourceId)}/again/${used.digest.toString('hex')}`
        return sendNotSignedIn(reply, again)
      }
    }
  }
}
