import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import type { Parts } from '../admin/parts.ts'
import { describeEvent } from '../describe-event.ts'
import { html } from './html.ts'
import { livePart } from './live-part.ts'
import { PAGE_SCRIPT } from './page-script.ts'

const SHOWN_HAPPENINGS = 80
const EVENT_TYPES = 'app addon attachment config release dyno log api-call service-call webhook fault'
const STYLE = ['layout', 'cards', 'controls']
  .map((part) => readFileSync(new URL(`./${part}.css`, import.meta.url), 'utf8'))
  .join('\n')

/** The page at `/`, which shows the whole simulated Heroku and has a form for every action of the customer. */
export function pageRoutes(server: FastifyInstance, parts: Parts): void {
  const { heroku, customer } = parts
  const happenings: string[] = []
  heroku.events.subscribe((event) => {
    const line = describeEvent(event)
    if (line === undefined) return
    happenings.push(`${event.at.slice(11, 19)} ${line}`)
    if (happenings.length > SHOWN_HAPPENINGS) happenings.shift()
  })
  server.get('/', async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page(parts, happenings)),
  )
  server.get('/simulator/live', async (_request, reply) => {
    return reply.type('text/html; charset=utf-8').send(livePart(parts, happenings).html)
  })
  server.get('/simulator/page.css', async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(STYLE),
  )
  server.get('/simulator/page.js', async (_request, reply) => {
    return reply.type('text/javascript; charset=utf-8').send(PAGE_SCRIPT)
  })
  server.get<{ Params: { addon: string }; Querystring: { app?: string } }>(
    '/simulator/open/:addon',
    async ({ params, query }, reply) => {
      const input =
        query.app === undefined ? { addon: params.addon } : { addon: params.addon, app: query.app }
      return reply.type('text/html; charset=utf-8').send(postingForm(customer.ssoForm(input)))
    },
  )
}

function page(parts: Parts, happenings: readonly string[]): string {
  const { addon } = parts.heroku.settings
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Simulated Heroku with ${addon.id}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/simulator/page.css">
  <script type="module" src="/simulator/page.js"></script>
</head>
<body data-events="${EVENT_TYPES}">
  <header>
    <h1>Simulated Heroku</h1>
    <p>A demo of the add-on ${addon.id} at ${new URL(addon.baseUrl).origin}. It shows keys in full, on purpose:
      nothing here is real. The Heroku CLI works with it too: set HEROKU_HOST=${parts.heroku.url()} and any HEROKU_API_KEY.</p>
  </header>
  <p id="notice" role="alert" hidden></p>
  <main id="live">${livePart(parts, happenings)}</main>
</body>
</html>`.html
}

/** A page that posts the signed form to the service at once, as Heroku's site does. */
function postingForm({ url, fields }: { url: string; fields: Record<string, string> }): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Opening the dashboard</title></head>
<body>
  <form method="post" action="${url}">${inputs}<noscript><button>Open the dashboard</button></noscript></form>
  <script>document.forms[0].submit()</script>
</body>
</html>`.html
}
