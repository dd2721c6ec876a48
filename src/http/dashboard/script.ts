import type { FastifyInstance } from 'fastify'
import { appsOf } from '../../flows/dashboard/apps-of.ts'
import { readOverview } from '../../flows/dashboard/overview.ts'
import type { Guard } from './guard.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { scriptLines } from './present/script-lines.ts'

/** What stands for an app where Heroku does not tell us any. */
const ANY_APP = 'YOUR-APP'

/** How scripts use this add-on, with its own names: lines to be pasted. */
export function registerScript(app: FastifyInstance, { deps, apps }: DashboardDeps, guard: Guard): void {
  app.get(
    '/dashboard/:resourceId/script',
    guard.page(async (visit) => {
      const overview = await readOverview(deps, visit.resourceId)
      const answer = await appsOf(apps, overview)
      const attached = answer.outcome === 'known' ? answer.apps : []
      const api = `${deps.settings.addonUrl}/v1`
      return sendPage(visit.reply, 'script', {
        title: 'Use it from a script',
        shell: shellOf(visit, overview),
        api,
        lines: scriptLines({
          api,
          addon: overview.name ?? visit.resourceId,
          app: attached[0]?.appName ?? ANY_APP,
        }),
      })
    }),
  )
}
