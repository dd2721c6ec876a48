import formbody from '@fastify/formbody'
import fastify, { type FastifyInstance } from 'fastify'
import { adminRoutes } from './admin/admin-routes.ts'
import type { Parts } from './admin/parts.ts'
import { accountEndpoints } from './endpoints/account.ts'
import { addonEndpoints } from './endpoints/addon.ts'
import { appEndpoints } from './endpoints/app.ts'
import { customerAddonEndpoints } from './endpoints/customer-addons.ts'
import { customerAppEndpoints } from './endpoints/customer-apps.ts'
import { customerAttachmentEndpoints } from './endpoints/customer-attachments.ts'
import { customerCollaboratorEndpoints } from './endpoints/customer-collaborators.ts'
import { oauthEndpoints } from './endpoints/oauth.ts'
import { vendorEndpoints } from './endpoints/vendor.ts'
import { webhookEndpoints } from './endpoints/webhooks.ts'
import { HerokuError } from './heroku-error.ts'
import { logplexEndpoints } from './logplex.ts'
import type { SimulatorOptions } from './options.ts'
import { pageRoutes } from './page/page-routes.ts'
import { refusal } from './perform-call.ts'
import { serve } from './serve.ts'

/** Builds the one server that plays api.heroku.com, id.heroku.com and Logplex. */
export function createServer(parts: Parts, logger: SimulatorOptions['logger']): FastifyInstance {
  const { heroku, webhooks } = parts
  const server = fastify({
    logger: logger ?? false,
    // A hung answer and the page's event stream would otherwise keep close() waiting.
    forceCloseConnections: true,
    bodyLimit: 5 * 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true },
  })
  server.register(formbody)
  readBodies(server)
  server.setErrorHandler((error, _request, reply) => {
    const answer = refusal(asHerokuError(error))
    reply
      .code(answer.status)
      .headers(answer.headers ?? {})
      .send(answer.body)
  })
  server.setNotFoundHandler((_request, reply) => {
    reply.code(404).send({ id: 'not_found', message: 'The requested API endpoint was not found.' })
  })
  serve(server, heroku, [
    ...oauthEndpoints(heroku),
    ...addonEndpoints(heroku),
    ...appEndpoints(heroku),
    ...accountEndpoints(heroku),
    ...vendorEndpoints(heroku),
    ...webhookEndpoints(heroku, webhooks),
    ...logplexEndpoints(heroku),
    ...customerAppEndpoints(heroku),
    ...customerAddonEndpoints(heroku),
    ...customerAttachmentEndpoints(heroku),
    ...customerCollaboratorEndpoints(heroku),
  ])
  adminRoutes(server, parts)
  pageRoutes(server, parts)
  return server
}

/** JSON where an empty body is fine (the actions have none); any other type as bytes, for the endpoint to judge. */
function readBodies(server: FastifyInstance): void {
  server.removeContentTypeParser('application/json')
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(String(body)))
    } catch {
      done(new HerokuError(400, 'bad_request', 'The body is not valid JSON.'))
    }
  })
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

function asHerokuError(error: unknown): HerokuError {
  if (error instanceof HerokuError) return error
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  const message = error instanceof Error ? error.message : 'Internal server error.'
  return new HerokuError(status, status < 500 ? 'bad_request' : 'internal_server_error', message)
}
