import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { createAttachedApps } from '../flows/dashboard/attached-apps.ts'
import type { Deps } from '../flows/deps.ts'
import type { Readiness } from '../flows/readiness.ts'
import { registerAnswerHeaders, setAnswerHeaders } from './answer-headers.ts'
import { handleApiError } from './api/problems.ts'
import { registerApi } from './api/register.ts'
import { type Background, createBackground } from './background.ts'
import { type DashboardOptions, registerDashboard } from './dashboard/register.ts'
import { handleError, handleNotFound } from './errors.ts'
import { isHealthRoute, registerHealth } from './health.ts'
import { registerJsonBody } from './json-body.ts'
import { registerAuthentication } from './partner/authenticate.ts'
import { registerResources } from './partner/resources.ts'
import { registerPrivateGate } from './private/gate.ts'
import type { PrivateListener } from './private/listener.ts'
import { privateEndpointOf } from './private/peers.ts'
import { registerPrivateLinkApi } from './private-link/routes.ts'
import { requireHttps } from './require-https.ts'
import { buildSerializer } from './serializers.ts'
import { PREFERS } from './sso/prefers-json.ts'
import { answerUnread, ignoreExpectations } from './unread-requests.ts'

export type AppOptions = {
  /** Basic auth of the provisioning API: the manifest's id and password. */
  credentials: { username: string; password: string }
  dashboard: DashboardOptions
  logger: FastifyBaseLogger
  readiness: Readiness
  /** The public address, where it is https: what came by plain http is refused. */
  httpsUrl?: string | undefined
  /** Settings that are not there yet, for whoever asks how the process is. */
  missing?: readonly string[]
  /** Asked before every request but for the health of the process; what it throws is the answer. */
  beforeWork?: () => Promise<void>
  /** What listens behind the load balancer of PrivateLink; it is stopped with the app. */
  privateListener?: PrivateListener | undefined
}

const API_PREFIX = '/v1'
const BODY_LIMIT_BYTES = 65_536
/**
 * Heroku gives up on a provisioning call after 25 s (Add-on Partner API Reference), so a request that has not come in whole
 * by then is cut off; Node looks for such each half second. Its router keeps an idle connection for 90 s (HTTP Routing):
 * were ours closed first, a request could go out on it and be lost.
 */
const TIMES = {
  requestTimeout: 22_000,
  keepAliveTimeout: 95_000,
  http: { headersTimeout: 22_000, connectionsCheckingInterval: 500 },
}
const DRAIN_LIMIT_MS = 8_000
const CLOSE_CONNECTIONS_MS = 7_000

/** The web process's routes. Close it to wait for what goes on after answers were sent. */
export async function createApp(deps: Deps, options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.logger,
    // Our own line per answer is below: it names the route, not the address.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    // A base URL in a manifest may end in a slash, or not.
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    ...TIMES,
    // Heroku's router is the one hop in front of us; what it appends to X-Forwarded-For is the client.
    trustProxy: (_address, hop) => hop === 0,
    schemaController: { compilersFactory: { buildSerializer } },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    // What comes on an open connection during a shutdown is answered: Heroku shows a refusal to the customer.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerUnread(error, socket, options.httpsUrl !== undefined),
    // An address that cannot be read never comes to a route; it is refused in the same form all the same.
    frameworkErrors: (error, request, reply) => {
      setAnswerHeaders(reply, { https: options.httpsUrl !== undefined })
      if (request.url.startsWith(`${API_PREFIX}/`)) handleApiError(error, request, reply)
      else handleError(error, request, reply)
    },
  })
  ignoreExpectations(app)
  app.addConstraintStrategy(PREFERS)
  const background = createBackground(deps.log)
  // A request that trickles in must not hold a shutdown up beyond its limit.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
    options.privateListener?.stop()
    setTimeout(() => app.server.closeAllConnections(), CLOSE_CONNECTIONS_MS).unref()
  })
  // Nor one that has been answered: its connection would be kept open for the next.
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  app.addHook('onClose', () => background.drain(DRAIN_LIMIT_MS))
  app.addHook('onClose', () => options.privateListener?.ended())
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(handleNotFound)
  logResponses(app)
  const { httpsUrl, beforeWork } = options
  registerAnswerHeaders(app, { https: httpsUrl !== undefined })
  registerPrivateGate(app, deps, { prefix: API_PREFIX })
  if (httpsUrl !== undefined) requireHttps(app, httpsUrl)
  if (beforeWork) {
    app.addHook('onRequest', async (request) => {
      if (!isHealthRoute(request)) await beforeWork()
    })
  }

  registerHealth(app, options.readiness, {
    verdicts: deps.troubles.verdicts,
    missing: options.missing ?? [],
    legacy: deps.settings.partnerApi === 'v1',
  })
  await app.register((scope) => registerPartnerApi(scope, deps, options, background))
  const apps = createAttachedApps(deps)
  app.addHook('onClose', () => apps.settle())
  const { ssoSalt: salt, requireUserSignOn: userSignOn = true } = options.dashboard
  await app.register((scope) => registerApi(scope, deps, apps, { prefix: API_PREFIX, salt, userSignOn }))
  await app.register((scope) => registerPrivateLinkApi(scope, deps, { userSignOn }))
  await app.register((scope) => registerDashboard(scope, deps, apps, options.dashboard))
  return app
}

async function registerPartnerApi(
  scope: FastifyInstance,
  deps: Deps,
  options: AppOptions,
  background: Background,
): Promise<void> {
  await registerAuthentication(scope, options.credentials, deps.now)
  registerJsonBody(scope)
  registerResources(scope, deps, { background, readiness: options.readiness })
}

/** One line per answer, with the route's pattern in place of the address. */
function logResponses(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        ...endpointField(request),
        ms: Math.round(reply.elapsedTime),
      },
      'request answered',
    )
  })
}

function endpointField(request: FastifyRequest) {
  const endpoint = privateEndpointOf(request)
  return endpoint === null ? {} : { endpoint }
}
