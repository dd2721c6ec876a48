import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { objectFrom } from '../fields.ts'
import { forbidden, HerokuError } from '../heroku-error.ts'
import { createActions } from './actions.ts'
import { faultAsJson, faultFrom } from './fault-from.ts'
import type { Parts } from './parts.ts'

/** The admin face: faults, state, actions and events over HTTP, for child-process tests, other tools and the page. */
export function adminRoutes(server: FastifyInstance, parts: Parts): void {
  const { heroku } = parts
  const { faults } = heroku
  const actions = new Map(Object.entries(createActions(parts)))
  const preHandler = refuseOtherSites

  server.get('/simulator/state', async () => snapshot(parts))
  server.get('/simulator/events', (request, reply) => streamEvents(parts, request, reply))
  server.get('/simulator/faults', async () => faultList(parts))
  server.post('/simulator/faults', { preHandler }, async (request, reply) => {
    const id = faults.add(faultFrom(objectFrom(request.body)))
    return answerAction(request, reply.code(201), { id })
  })
  // A form of the page can only post, hence the second way to clear.
  server.delete('/simulator/faults', { preHandler }, async (request, reply) => {
    faults.clear()
    return answerAction(request, reply, {})
  })
  server.post('/simulator/faults/clear', { preHandler }, async (request, reply) => {
    faults.clear()
    return answerAction(request, reply, {})
  })
  server.post<{ Params: { id: string } }>(
    '/simulator/faults/:id/release',
    { preHandler },
    async (request, reply) => {
      return answerAction(request, reply, { released: faults.release(request.params.id) })
    },
  )
  server.post<{ Params: { action: string } }>(
    '/simulator/actions/:action',
    { preHandler },
    async (request, reply) => {
      const action = actions.get(request.params.action)
      if (action === undefined) {
        throw new HerokuError(
          404,
          'not_found',
          `Unknown action; there are: ${[...actions.keys()].join(', ')}.`,
        )
      }
      return answerAction(request, reply, (await action(objectFrom(request.body))) ?? {})
    },
  )
}

/** JSON for a program; back to the page for a form that was sent without script. */
function answerAction(request: FastifyRequest, reply: FastifyReply, result: unknown): FastifyReply {
  const fromForm = request.headers.accept?.includes('text/html') ?? false
  return fromForm ? reply.redirect('/', 303) : reply.send(result)
}

/** A browser says when another site's page makes the request; such a page must not play customer. */
async function refuseOtherSites(request: FastifyRequest): Promise<void> {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw forbidden('Not from another site.')
}

/** Everything in view as one JSON object. */
function snapshot(parts: Parts) {
  const { view, heroku } = parts
  return {
    now: heroku.now().toISOString(),
    addon: {
      id: heroku.settings.addon.id,
      plans: heroku.settings.addon.plans,
      baseUrl: heroku.settings.addon.baseUrl,
    },
    apps: view.apps().map((app) => ({
      ...app,
      configVars: view.configVars(app.id),
      releases: view.releases(app.id),
      dynos: view.dynos(app.id),
    })),
    addons: view.addons().map((addon) => ({ ...addon, attachments: view.attachments(addon.id) })),
    faults: faultList(parts),
    logs: view.logs(),
    apiCalls: view.apiCalls(),
    serviceCalls: view.serviceCalls(),
    deliveries: view.deliveries(),
  }
}

function faultList({ heroku }: Parts) {
  return heroku.faults.list().map(({ fault, remaining, ...view }) => ({
    ...view,
    remaining: Number.isFinite(remaining) ? remaining : 'Infinity',
    fault: faultAsJson(fault),
  }))
}

/** Server-sent events: each happening as one JSON message, from the moment of the request on. */
function streamEvents({ heroku }: Parts, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  reply.raw.write(': listening\n\n')
  const unsubscribe = heroku.events.subscribe((event) => {
    reply.raw.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  })
  request.raw.on('close', unsubscribe)
}
