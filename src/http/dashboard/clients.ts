import type { FastifyInstance } from 'fastify'
import { readName } from '../../domain/api-token.ts'
import { isBearerId } from '../../domain/bearer-text.ts'
import { type EnrolledClient, endClients, readClients } from '../../flows/hand-over/clients.ts'
import { switchHandOver } from '../../flows/hand-over/switch-hand-over.ts'
import { enrolClient } from '../../flows/tokens/make-token.ts'
import type { Guard, Visit } from './guard.ts'
import { sendNotSignedIn } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { type Moment, momentOf } from './present/time-words.ts'

const ACTIONS_PER_MINUTE = 30
const LONGEST_FIELD = 200

/** Clients outside Heroku: who is enrolled, how to enrol and end them, and whether they are given the keys. */
export function registerClients(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendClients(visit: Visit, problem?: { message: string; name: string }) {
    const { resource, clients, current } = await readClients(deps, visit.resourceId)
    const now = deps.now()
    return sendPage(
      visit.reply,
      'clients',
      {
        title: problem ? 'Error: please check the form' : 'Clients',
        shell: shellOf(visit, resource),
        problem: problem ? { field: 'client-name', message: problem.message } : null,
        name: problem?.name ?? '',
        handsOver: resource.handsOver,
        configVar: deps.settings.configVar,
        clients: clients.map((client) => clientModel(client, current, (at) => momentOf(at, now, 'minute'))),
      },
      problem ? 422 : 200,
    )
  }

  app.get(
    '/dashboard/:resourceId/clients',
    guard.page((visit) => sendClients(visit)),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/clients',
    { config },
    guard.keyAction(async (visit, form) => {
      const name = typeof form.name === 'string' ? form.name.slice(0, LONGEST_FIELD) : ''
      const wish = readName(name, 'client')
      if ('problem' in wish) return await sendClients(visit, { message: wish.problem, name })
      const { resourceId, actor, reply, sessionDigest: session } = visit
      const made = await enrolClient(deps, { resourceId, actor, session, ...wish })
      if (made.outcome === 'signed-out') return sendNotSignedIn(reply)
      if (made.outcome === 'too-many') {
        const message = `An add-on has ${made.most} clients at the most. End one first.`
        return await sendClients(visit, { message, name })
      }
      const { resource } = await readClients(deps, resourceId)
      return sendPage(reply, 'client-made', {
        title: 'The client is enrolled',
        shell: shellOf(visit, resource),
        secret: made.text,
        name: made.token.name,
        configVar: deps.settings.configVar,
        address: `${deps.settings.addonUrl}/v1/hand-over`,
        handsOver: resource.handsOver,
      })
    }),
  )

  app.post(
    '/dashboard/:resourceId/clients/end',
    { config },
    guard.action(async ({ resourceId, actor, base, reply }, form) => {
      const id = String(form.client)
      if (form.all === 'yes') await endClients(deps, { resourceId, actor })
      else if (isBearerId(id)) await endClients(deps, { resourceId, actor, id })
      return reply.redirect(`${base}/clients`, 303)
    }),
  )

  const switchTo = (on: boolean) => async (visit: Visit) => {
    const { resourceId, actor, base, reply } = visit
    await switchHandOver(deps, { resourceId, actor, on })
    return reply.redirect(`${base}/clients`, 303)
  }
  app.post('/dashboard/:resourceId/hand-over/on', { config }, guard.keyAction(switchTo(true)))
  // Whoever may look may also close it.
  app.post('/dashboard/:resourceId/hand-over/off', { config }, guard.action(switchTo(false)))
}

/** What a page tells of a client. `current`: the version that signs. */
function clientModel(client: EnrolledClient, current: number, moment: (at: Date) => Moment) {
  const { id, name, email, userId, createdAt, lastUsedAt, lastKid, newestVersion, seenVersion } = client
  return {
    id,
    name,
    who: email ?? userId ?? 'someone unverified',
    made: moment(createdAt),
    lastUsed: lastUsedAt && moment(lastUsedAt),
    lastKid,
    holdsLatest: newestVersion === current,
    askedSince: client.seenAt && seenVersion === current ? moment(client.seenAt) : null,
    alarm: client.alarmAt && moment(client.alarmAt),
  }
}
