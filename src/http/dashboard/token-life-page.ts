import type { FastifyInstance } from 'fastify'
import { cleanText } from '../../domain/clean-text.ts'
import { parseTokenLife } from '../../domain/token-life.ts'
import { readOverview } from '../../flows/dashboard/overview.ts'
import { setTokenLife } from '../../flows/dashboard/set-token-life.ts'
import type { EndsEarly } from '../../flows/ends-early.ts'
import type { Guard, Visit } from './guard.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { endsModel } from './present/ends.ts'
import { precisionOf } from './present/time-words.ts'
import { tokenLifeModel } from './present/token-life.ts'
import { orRefusal } from './refusal.ts'

const ACTIONS_PER_MINUTE = 30
const LONGEST_FIELD = 200

/** What was wrong with the form, or is to be confirmed; `value` is put back into it. */
type Problem = { message: string; value: string; asked?: EndsEarly }

/** How long the longest thing lives that apps sign: the form, and until when each key is accepted. */
export function registerTokenLifePage(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendTokenLife(visit: Visit, problem?: Problem) {
    const overview = await readOverview(deps, visit.resourceId)
    const asked = problem?.asked && endsModel(problem.asked, overview.now, precisionOf(overview))
    const model = {
      title: problem ? 'Error: please check the form' : 'Token life',
      shell: shellOf(visit, overview),
      problem: problem ? { message: problem.message, asked: asked ?? null } : null,
      value: problem?.value ?? '',
      keyringVar: deps.settings.keyringVar,
      configVar: deps.settings.configVar,
      ...tokenLifeModel(overview),
    }
    const status = problem?.asked ? 409 : 422
    return sendPage(visit.reply, 'token-life', model, problem ? status : 200)
  }

  app.get(
    '/dashboard/:resourceId/token-life',
    guard.page((visit) => sendTokenLife(visit)),
  )

  app.post(
    '/dashboard/:resourceId/token-life',
    { config: { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } } },
    guard.action(async (visit, form) => {
      const { resourceId, actor, base, reply } = visit
      const value = textOf(form.token_life)
      const parsed = parseTokenLife(value)
      if ('problem' in parsed) {
        return await sendTokenLife(visit, { message: `The token life ${parsed.problem}.`, value })
      }
      const { tokenLifeMs } = parsed
      const confirm = textOf(form.confirm)
      const done = await orRefusal(setTokenLife(deps, { resourceId, actor, tokenLifeMs, confirm }))
      if ('refusal' in done) return await sendTokenLife(visit, { message: done.refusal, value })
      if (typeof done.value === 'boolean') return reply.redirect(`${base}/token-life`, 303)
      const message = 'A shorter life ends what was signed under the longer one.'
      return await sendTokenLife(visit, { message, value, asked: done.value })
    }),
  )
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? cleanText(field, LONGEST_FIELD) : ''
}
