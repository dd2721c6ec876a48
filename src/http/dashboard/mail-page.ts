import type { FastifyInstance } from 'fastify'
import { readMailAddress } from '../../domain/mail-address.ts'
import { isMailAddressId } from '../../domain/mail-link.ts'
import { readMailReaders, removeMailAddress } from '../../flows/notices/mail/addresses.ts'
import { type AskOutcome, addMailAddress, retryMailAddress } from '../../flows/notices/mail/ask-address.ts'
import { addressWords } from '../mail/address-words.ts'
import type { Guard, Visit } from './guard.ts'
import { sendNotSignedIn } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { mailModel } from './present/mail.ts'

const ACTIONS_PER_MINUTE = 30
const LONGEST_FIELD = 320

/** To whom notices are mailed: addresses, how to add, try and remove one, and Heroku's collaborators. */
export function registerMailPage(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendMail(visit: Visit, problem?: { message: string; value: string }) {
    const readers = await readMailReaders(deps, visit.resourceId)
    const model = {
      title: problem ? 'Error: please check the form' : 'Mail',
      shell: shellOf(visit, readers.resource),
      problem: problem ? { field: 'mail-address', message: problem.message } : null,
      value: problem?.value ?? '',
      mail: mailModel(readers, deps.now()),
    }
    return sendPage(visit.reply, 'mail', model, problem ? 422 : 200)
  }

  async function sendAfter(visit: Visit, asked: AskOutcome, value: string) {
    if (asked.outcome === 'signed-out') return sendNotSignedIn(visit.reply)
    if (asked.outcome === 'asked' || asked.outcome === 'tried-again') {
      return visit.reply.redirect(`${visit.base}/notices/mail`, 303)
    }
    return await sendMail(visit, { message: addressWords(asked), value })
  }

  app.get(
    '/dashboard/:resourceId/notices/mail',
    guard.page((visit) => sendMail(visit)),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/notices/mail',
    { config },
    guard.keyAction(async (visit, form) => {
      const value = textOf(form.address)
      const read = readMailAddress(value)
      if ('problem' in read) return await sendMail(visit, { message: read.problem, value })
      const { resourceId, actor, sessionDigest: session } = visit
      return await sendAfter(
        visit,
        await addMailAddress(deps, { resourceId, actor, session, ...read }),
        value,
      )
    }),
  )

  app.post(
    '/dashboard/:resourceId/notices/mail/retry',
    { config },
    guard.keyAction(async (visit, form) => {
      const id = textOf(form.id)
      const { resourceId, actor, sessionDigest: session, reply, base } = visit
      if (!isMailAddressId(id)) return reply.redirect(`${base}/notices/mail`, 303)
      return await sendAfter(visit, await retryMailAddress(deps, { resourceId, actor, session, id }), '')
    }),
  )

  app.post(
    '/dashboard/:resourceId/notices/mail/remove',
    { config },
    guard.keyAction(async ({ resourceId, actor, base, reply }, form) => {
      const id = textOf(form.id)
      if (isMailAddressId(id)) await removeMailAddress(deps, { resourceId, actor, id })
      return reply.redirect(`${base}/notices/mail`, 303)
    }),
  )
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? field.slice(0, LONGEST_FIELD) : ''
}
