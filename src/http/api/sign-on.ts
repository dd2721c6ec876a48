import formbody from '@fastify/formbody'
import rateLimit from '@fastify/rate-limit'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { claimedResourceId, type SignOnFields } from '../../domain/sso.ts'
import { signOn } from '../../flows/dashboard/sign-on.ts'
import type { Deps } from '../../flows/deps.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import { fieldsOf, SIGN_ONS_PER_MINUTE } from '../sso/sign-on-fields.ts'
import { describedRefusals, sendProblem } from './problems.ts'
import { Moment, momentOf, ScopeName, TextOrNull } from './schemas.ts'
import { scopesOfPerson } from './who-asks.ts'

const Field = Type.Optional(Type.String({ maxLength: 1_000 }))
const Form = Type.Object({
  resource_id: Field,
  timestamp: Field,
  resource_token: Field,
  user_scoped_resource_token: Field,
  user_id: Field,
  email: Field,
})
const SignedOn = Type.Object({
  token: Type.String({ description: 'For `Authorization: Bearer`. It is told once.' }),
  expires_at: Moment,
  api: Type.String({ description: 'The address below which the routes of the API are.' }),
  resource: Type.Object({ id: Type.String(), name: TextOrNull }),
  user: Type.Union([Type.Object({ email: TextOrNull }), Type.Null()], {
    description: 'Null where the form named nobody: then keys may be neither read nor revoked.',
  }),
  scopes: Type.Array(ScopeName),
})

/**
 * The sign-on of the command line, at the addresses where Heroku’s site signs browsers on: whoever would rather have JSON
 * gets a token in place of a cookie.
 */
export async function registerCommandLineSignOn(
  scope: FastifyInstance,
  deps: Deps,
  { salt, userSignOn }: { salt: string; userSignOn: boolean },
): Promise<void> {
  await scope.register(formbody)
  await scope.register(rateLimit, { global: false })
  const app = scope.withTypeProvider<TypeBoxTypeProvider>()
  const ofAddress = app.createRateLimit({
    max: SIGN_ONS_PER_MINUTE,
    timeWindow: '1 minute',
    keyGenerator: (request) => `sign-on ${addressOf(request)}`,
  })
  app.addHook('onRequest', async (request, reply) => {
    const limit = await ofAddress(request)
    if (limit.isAllowed || !limit.isExceeded) return undefined
    logSecurityRefusal(request, 'too-many-requests')
    return sendProblem(reply, 'too-many-requests', { retryAfterSeconds: Math.max(1, limit.ttlInSeconds) })
  })
  const constraints = { prefers: 'json' }

  app.post(
    '/sso/login',
    {
      constraints,
      schema: {
        operationId: 'signOn',
        summary: 'Sign on by the command line',
        description:
          'Heroku’s API gives the form: `GET /apps/{app}/addons/{addon}/sso`, with `Accept: application/vnd.heroku+json; version=3.sdk`, returns `action`, `method` and `params`. Send these `params` there with `Accept: application/json`; without, the same form opens the dashboard. A form is good for one sign-on and for five minutes. The token speaks for the person for 15 minutes; it stands among the sessions of the add-on, and ends as they do. An address may sign on 60 times a minute.',
        security: [],
        consumes: ['application/x-www-form-urlencoded', 'application/json'],
        body: Form,
        response: {
          200: SignedOn,
          ...describedRefusals(
            ...(['malformed-request', 'sign-on-refused', 'plain-http', 'too-large', 'not-json'] as const),
            ...(['too-many-requests', 'internal', 'not-now'] as const),
          ),
        },
      },
    },
    async (request, reply) => await answer(request, reply, fieldsOf(request.body)),
  )

  const v1 = { constraints, exposeHeadRoute: false, schema: { hide: true } }
  app.get<{ Params: { id: string } }>('/heroku/resources/:id', v1, async (request, reply) => {
    return await answer(request, reply, { ...fieldsOf(request.query), id: request.params.id })
  })

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    fields: SignOnFields,
  ): Promise<Static<typeof SignedOn> | FastifyReply> {
    const outcome = await signOn(deps, { fields, salt, address: addressOf(request) })
    if (outcome.outcome !== 'signed-in') {
      const problem = outcome.outcome === 'refused' ? outcome.problem : outcome.outcome
      const resourceId = claimedResourceId(fields)
      logSecurityRefusal(request, 'sign-on', { problem, ...(resourceId && { resourceId }) })
      return sendProblem(reply, 'sign-on-refused', { detail: 'Ask Heroku for another form.' })
    }
    const { sessionId, session, resourceId, name } = outcome
    return {
      token: sessionId,
      expires_at: momentOf(session.endsAt),
      api: `${deps.settings.addonUrl}/v1`,
      resource: { id: resourceId, name },
      user: session.verified ? { email: session.email } : null,
      scopes: [...scopesOfPerson(session, userSignOn)],
    }
  }
}
