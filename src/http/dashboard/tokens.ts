import type { FastifyInstance } from 'fastify'
import { readTokenWish, SCOPES, type Scope } from '../../domain/api-token.ts'
import { isBearerId } from '../../domain/bearer-text.ts'
import { readEndedWithMakers } from '../../flows/tokens/ended-with-makers.ts'
import { makeToken } from '../../flows/tokens/make-token.ts'
import { endTokens, readTokens } from '../../flows/tokens/tokens.ts'
import type { Guard, Visit } from './guard.ts'
import { sendNotSignedIn } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { momentOf } from './present/time-words.ts'

const ACTIONS_PER_MINUTE = 30
const LONGEST_FIELD = 200

const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  read: 'look at everything but keys, and verify keys',
  rotate:
    'rotate, pause, resume, set windows, freezes, the grace period and the token life, and switch the next key',
  revoke: 'revoke all keys',
  keyring: 'read the keys',
}
const LIVES = [
  { value: '7d', words: 'a week' },
  { value: '90d', words: '90 days' },
  { value: '365d', words: 'a year' },
]

type Wish = { name: string; scopes: string[]; life: string }
const NO_WISH: Wish = { name: '', scopes: ['read'], life: '90d' }

/** The tokens by which programs use an add-on: a list, how to make one, and how to end one or all. */
export function registerTokens(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendTokens(visit: Visit, problem?: { message: string; values: Wish }) {
    const { resource, tokens } = await readTokens(deps, visit.resourceId)
    const now = deps.now()
    const moment = (at: Date) => momentOf(at, now, 'minute')
    const model = {
      title: problem ? 'Error: please check the form' : 'API tokens',
      shell: shellOf(visit, resource),
      problem: problem ? { field: 'token-name', message: problem.message } : null,
      values: problem?.values ?? NO_WISH,
      scopes: SCOPES.map((name) => ({ name, words: SCOPE_WORDS[name] })),
      lives: LIVES,
      tokens: tokens.map((token) => ({
        id: token.id,
        name: token.name,
        scopes: token.scopes.join(', '),
        who: token.email ?? token.userId ?? 'someone unverified',
        made: moment(token.createdAt),
        lastUsed: token.lastUsedAt && moment(token.lastUsedAt),
        ends: moment(token.expiresAt),
      })),
      left: (await readEndedWithMakers(deps, visit.resourceId)).map((each) => ({
        ...each,
        at: moment(each.at),
      })),
    }
    return sendPage(visit.reply, 'tokens', model, problem ? 422 : 200)
  }

  app.get(
    '/dashboard/:resourceId/tokens',
    guard.page((visit) => sendTokens(visit)),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/tokens',
    { config },
    guard.keyAction(async (visit, form) => {
      const values = wishOf(form)
      const wish = readTokenWish(values)
      if ('problem' in wish) return await sendTokens(visit, { message: wish.problem, values })
      const { resourceId, actor, reply, sessionDigest: session } = visit
      const made = await makeToken(deps, { resourceId, actor, session, ...wish })
      if (made.outcome === 'signed-out') return sendNotSignedIn(reply)
      if (made.outcome === 'too-many') {
        const message = `An add-on has ${made.most} tokens at the most. End one first.`
        return await sendTokens(visit, { message, values })
      }
      const { resource } = await readTokens(deps, resourceId)
      return sendPage(reply, 'token-made', {
        title: 'The token is made',
        shell: shellOf(visit, resource),
        token: made.text,
        name: made.token.name,
        scopes: made.token.scopes.join(', '),
        ends: momentOf(made.token.expiresAt, deps.now(), 'minute'),
      })
    }),
  )

  app.post(
    '/dashboard/:resourceId/tokens/end',
    { config },
    guard.action(async ({ resourceId, actor, base, reply }, form) => {
      const id = String(form.token)
      if (form.all === 'yes') await endTokens(deps, { resourceId, actor })
      else if (isBearerId(id)) await endTokens(deps, { resourceId, actor, id })
      return reply.redirect(`${base}/tokens`, 303)
    }),
  )
}

function wishOf({ name, scope, life }: Record<string, unknown>): Wish {
  return { name: textOf(name), scopes: [scope].flat(1).map(textOf).filter(Boolean), life: textOf(life) }
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? field.slice(0, LONGEST_FIELD) : ''
}
