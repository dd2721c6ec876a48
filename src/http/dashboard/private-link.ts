import type { FastifyInstance, FastifyReply } from 'fastify'
import { MOST_LINK_ACCOUNTS } from '../../domain/private-link-accounts.ts'
import { addAccounts, removeAccounts } from '../../flows/private-link/change-accounts.ts'
import { createPrivateLink } from '../../flows/private-link/create-link.ts'
import { destroyPrivateLink } from '../../flows/private-link/destroy-link.ts'
import type { PrivateLinkOutcome } from '../../flows/private-link/outcome.ts'
import { readLinkPage } from '../../flows/private-link/read-link-page.ts'
import { refusalOf } from '../private-link/refusal.ts'
import type { Guard, Visit } from './guard.ts'
import { sendMessage } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { privateLinkModel, typedAccounts } from './present/private-link.ts'

const ACTIONS_PER_MINUTE = 30

type Problem = { message: string; value: string }

/** The private link of an add-on: how it stands, who may make endpoints, what is connected, and how to change that. */
export function registerPrivateLinkPage(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendLink(visit: Visit, problem?: Problem): Promise<FastifyReply> {
    const { resource, link, may } = await readLinkPage(deps, visit.resourceId)
    if (!link && may === 'not-private') return sendNotPrivate(visit, resource.plan)
    const model = {
      title: problem ? 'Error: please check the form' : 'PrivateLink',
      shell: shellOf(visit, resource),
      problem: problem ? { field: 'accounts', message: problem.message } : null,
      value: problem?.value ?? '',
      link: link ? privateLinkModel(link) : null,
      offered: may === 'yes',
      mostAccounts: MOST_LINK_ACCOUNTS,
      configVar: `${deps.settings.configVarsPrefix}_ENDPOINT_…_URL`,
    }
    return sendPage(visit.reply, 'private-link', model, problem ? 422 : 200)
  }

  async function sendOutcome(visit: Visit, done: PrivateLinkOutcome, value = ''): Promise<FastifyReply> {
    if (done.outcome !== 'done') return await sendLink(visit, { message: refusalOf(done).detail, value })
    return visit.reply.redirect(`${visit.base}/privatelink`, 303)
  }

  app.get(
    '/dashboard/:resourceId/privatelink',
    guard.page((visit) => sendLink(visit)),
  )

  type Handle = (visit: Visit, text: string) => Promise<unknown>
  function act(path: string, handle: Handle) {
    const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
    const handler = guard.keyAction((visit, { accounts }) =>
      // Never cut: the beginning of a role's name is another role.
      handle(visit, typeof accounts === 'string' ? accounts : ''),
    )
    app.post(`/dashboard/:resourceId/privatelink${path}`, { config }, handler)
  }

  act('', async (visit, text) => {
    const { resourceId, actor } = visit
    const accounts = typedAccounts(text)
    return await sendOutcome(visit, await createPrivateLink(deps, { resourceId, actor, accounts }), text)
  })
  act('/add', async (visit, text) => {
    const { resourceId, actor } = visit
    const accounts = typedAccounts(text)
    return await sendOutcome(visit, await addAccounts(deps, { resourceId, actor, accounts }), text)
  })
  act('/remove', async (visit, text) => {
    const { resourceId, actor } = visit
    return await sendOutcome(visit, await removeAccounts(deps, { resourceId, actor, accounts: [text] }))
  })
  act('/destroy', async (visit) => {
    const { resourceId, actor } = visit
    return await sendOutcome(visit, await destroyPrivateLink(deps, { resourceId, actor }))
  })
}

function sendNotPrivate({ reply, base }: Visit, plan: string): FastifyReply {
  return sendMessage(reply, 404, {
    title: 'This plan has no PrivateLink',
    paragraphs: [
      `PrivateLink is for plans in Private and Shield Spaces. The plan of this add-on is ${plan}.`,
    ],
    howToOpen: false,
    back: base,
  })
}
