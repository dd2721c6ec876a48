import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { SecurekeyError } from '../../domain/errors.ts'
import type { AttachedApps } from '../../flows/dashboard/attached-apps.ts'
import type { Deps } from '../../flows/deps.ts'
import { PrivateLinkObject } from '../private-link/link-object.ts'
import { addressOf } from '../security-refused.ts'
import { registerAccess } from './access.ts'
import type { ApiScope } from './api-scope.ts'
import { registerBearer } from './bearer.ts'
import { registerCalendar } from './calendar.ts'
import { registerCheckIns } from './check-ins.ts'
import { registerClients } from './clients.ts'
import { registerForkCodes } from './fork-codes.ts'
import { registerHandOver } from './hand-over.ts'
import { HISTORY_SCHEMAS, registerHistory } from './history.ts'
import { Keyring, registerKeyring } from './keyring.ts'
import { BODY_LIMIT_BYTES } from './limits.ts'
import { registerMailAddresses } from './mail-addresses.ts'
import { registerNotices } from './notices.ts'
import { OPENAPI } from './openapi.ts'
import { Policy } from './policy.ts'
import { registerPrivateLink } from './private-link.ts'
import { handleApiError, Problem, sendProblem } from './problems.ts'
import { registerResource } from './resource.ts'
import { Rotation } from './rotation-view.ts'
import { registerRotations } from './rotations.ts'
import { registerSchedule } from './schedule.ts'
import { registerSessions } from './sessions.ts'
import { registerCommandLineSignOn } from './sign-on.ts'
import { registerTokenLife } from './token-life.ts'
import { registerTokens } from './tokens.ts'
import { registerVerifications } from './verifications.ts'
import { registerWebhookTries } from './webhook-tries.ts'
import { Delivery, registerWebhooks } from './webhooks.ts'

const DESCRIPTIONS_PER_MINUTE = 60
/** A query where none is described: what it asks for would not be done, and nobody would notice. */
const NO_QUERY = Type.Object({}, { additionalProperties: false })

/** Where the API is, the salt of sign-ons, and whether what shows or revokes keys wants one that names its user. */
type ApiOptions = { prefix: string; salt: string; userSignOn: boolean }

/** What programs use of an add-on, below the prefix: described by itself at `/v1/openapi.json`. */
export async function registerApi(
  app: FastifyInstance,
  deps: Deps,
  apps: AttachedApps,
  { prefix, salt, userSignOn }: ApiOptions,
): Promise<void> {
  app.setErrorHandler(handleApiError)
  // JSON alone, and a body that is left out is an empty object: many clients name its type all the same.
  app.removeContentTypeParser('text/plain')
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, {})
    const text = textOf(body)
    if (text === undefined) return done(new SecurekeyError('malformed-request', 'The body is not UTF-8.'))
    return parseJson(request, text, done)
  })
  app.addHook('preValidation', async (request) => {
    if (['POST', 'PUT', 'PATCH'].includes(request.method)) request.body ??= {}
  })
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= BODY_LIMIT_BYTES
  })
  for (const schema of [Problem, Rotation, Policy, Keyring, Delivery, PrivateLinkObject, ...HISTORY_SCHEMAS])
    app.addSchema(schema)
  await app.register(swagger, OPENAPI)

  await app.register((scope) => registerCommandLineSignOn(scope, deps, { salt, userSignOn }))
  await app.register(registerGuarded, { prefix })
  await app.register((scope) => registerHandOver(scope, deps), { prefix })
  await app.register(registerOpen, { prefix })

  async function registerGuarded(guarded: FastifyInstance) {
    const bearer = await registerBearer(guarded, deps, { userSignOn })
    guarded.addHook('onRoute', (route) => {
      route.schema = { querystring: NO_QUERY, ...route.schema }
    })
    guarded.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not-found'))
    const scope: ApiScope = { app: guarded.withTypeProvider<TypeBoxTypeProvider>(), deps, apps, bearer }
    registerResource(scope)
    registerRotations(scope)
    registerSchedule(scope)
    registerTokenLife(scope)
    registerCalendar(scope)
    registerNotices(scope)
    registerHistory(scope)
    registerAccess(scope)
    registerVerifications(scope)
    registerKeyring(scope)
    registerCheckIns(scope)
    registerClients(scope)
    registerMailAddresses(scope)
    registerTokens(scope)
    registerForkCodes(scope)
    registerSessions(scope)
    registerWebhooks(scope)
    registerWebhookTries(scope)
    registerPrivateLink(scope)
  }

  async function registerOpen(open: FastifyInstance) {
    await open.register(rateLimit, { global: false, enableDraftSpec: true, keyGenerator: addressKey })
    const config = { rateLimit: { max: DESCRIPTIONS_PER_MINUTE, timeWindow: '1 minute' } }
    open.get('/openapi.json', { config, schema: { hide: true } }, async () => app.swagger())
  }
}

function addressKey(request: Parameters<typeof addressOf>[0]): string {
  return addressOf(request) ?? ''
}

/** Undefined where the bytes are no UTF-8: else a name would be kept that nobody sent. */
function textOf(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}
