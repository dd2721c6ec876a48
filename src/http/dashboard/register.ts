import type { FastifyInstance } from 'fastify'
import type { AttachedApps } from '../../flows/dashboard/attached-apps.ts'
import type { Deps } from '../../flows/deps.ts'
import { registerMailLinks } from '../mail/links.ts'
import { registerSignOn } from '../sso/routes.ts'
import { createSessionCookies } from '../sso/session-cookie.ts'
import { registerAccess } from './access.ts'
import { registerActions } from './actions.ts'
import { baseOf } from './addresses.ts'
import { prepareForBrowsers } from './browser-scope.ts'
import { registerCalendarPage } from './calendar-page.ts'
import { registerClients } from './clients.ts'
import { registerForkPage } from './fork-page.ts'
import { createGuard } from './guard.ts'
import { registerLists } from './lists.ts'
import { registerMailPage } from './mail-page.ts'
import { sendNotSignedIn } from './messages.ts'
import { registerNoticesPage } from './notices-page.ts'
import { sendOverview } from './overview-page.ts'
import { registerPrivateLinkPage } from './private-link.ts'
import { registerReveal } from './reveal.ts'
import { registerScript } from './script.ts'
import { registerSessions } from './sessions.ts'
import { registerTokenLifePage } from './token-life-page.ts'
import { registerTokens } from './tokens.ts'
import { registerWebhookPage } from './webhook-page.ts'
import { registerWebhooks } from './webhooks.ts'

export type DashboardOptions = {
  /** The salt of sign-on tokens, from the manifest. */
  ssoSalt: string
  /** Whether browsers reach the service by https, so that cookies must not travel otherwise. */
  secureCookies: boolean
  /** What shows or replaces keys wants a sign-on that names its user; so it is unless it is turned off. */
  requireUserSignOn?: boolean
}

/** Single sign-on and the dashboard: everything that a browser sees. */
export async function registerDashboard(
  app: FastifyInstance,
  deps: Deps,
  apps: AttachedApps,
  options: DashboardOptions,
): Promise<void> {
  const cookies = createSessionCookies({ secure: options.secureCookies })
  const guard = createGuard(deps, cookies, options.requireUserSignOn ?? true)
  await prepareForBrowsers(app)

  registerSignOn(app, deps, { salt: options.ssoSalt, cookies })
  registerActions(app, { deps, apps }, guard, cookies)
  registerReveal(app, { deps, apps }, guard)
  registerLists(app, { deps, apps }, guard)
  registerSessions(app, { deps, apps }, guard, cookies)
  registerAccess(app, { deps, apps }, guard)
  registerScript(app, { deps, apps }, guard)
  registerTokens(app, { deps, apps }, guard)
  registerCalendarPage(app, { deps, apps }, guard)
  registerTokenLifePage(app, { deps, apps }, guard)
  registerClients(app, { deps, apps }, guard)
  registerForkPage(app, { deps, apps }, guard)
  registerMailPage(app, { deps, apps }, guard)
  registerNoticesPage(app, { deps, apps }, guard)
  await app.register((scope) => registerMailLinks(scope, deps))
  registerWebhooks(app, { deps, apps }, guard)
  registerWebhookPage(app, { deps, apps }, guard)
  registerPrivateLinkPage(app, { deps, apps }, guard)

  app.get(
    '/dashboard/:resourceId',
    guard.page((visit) => sendOverview({ deps, apps }, visit)),
  )

  // Where a repeated sign-on sends the browser, to be asked for the session that the same form made before.
  app.get(
    '/dashboard/:resourceId/again/:signOn',
    guard.page(async ({ request, reply, resourceId, signOnDigest }) => {
      const { signOn } = request.params as { signOn: string }
      if (signOn !== signOnDigest.toString('hex')) return sendNotSignedIn(reply)
      return reply.redirect(baseOf(resourceId), 303)
    }),
  )
  app.get('/dashboard', async (_request, reply) => sendNotSignedIn(reply))
  app.get('/dashboard/*', async (_request, reply) => sendNotSignedIn(reply))
}
