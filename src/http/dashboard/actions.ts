import type { FastifyInstance, FastifyReply } from 'fastify'
import { cleanText } from '../../domain/clean-text.ts'
import { parseGracePeriod } from '../../domain/grace.ts'
import { isPauseEnd } from '../../domain/pause.ts'
import { announceNext } from '../../flows/dashboard/announce-next.ts'
import { pauseRotation, resumeSchedule } from '../../flows/dashboard/pause-rotation.ts'
import { requestRotation, resumeRotation } from '../../flows/dashboard/request-rotation.ts'
import { revokeByName } from '../../flows/dashboard/revoke-by-name.ts'
import { signOut } from '../../flows/dashboard/session.ts'
import { setGracePeriod } from '../../flows/dashboard/set-grace-period.ts'
import type { SessionCookies } from '../sso/session-cookie.ts'
import type { Notice } from './addresses.ts'
import type { Guard, Visit } from './guard.ts'
import { sendMessage } from './messages.ts'
import { type DashboardDeps, sendOverview } from './overview-page.ts'
import { orRefusal } from './refusal.ts'

/** Actions per minute from one address. */
const ACTIONS_PER_MINUTE = 60

/** The forms of the dashboard. Each is one flow; what it answers becomes a page, and is never decided here. */
export function registerActions(
  app: FastifyInstance,
  dashboard: DashboardDeps,
  guard: Guard,
  cookies: SessionCookies,
): void {
  const { deps } = dashboard

  type Handle = (visit: Visit, form: Record<string, unknown>) => Promise<unknown>
  function act(path: string, handle: Handle, guarded = guard.action) {
    const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
    app.post(`/dashboard/:resourceId/${path}`, { config }, guarded(handle))
  }

  act('rotate', async (visit, form) => {
    const evenIfTooSoon = form.even_if_too_soon === 'yes'
    const confirm = textOf(form.confirm)
    const outcome = await requestRotation(deps, { ...subject(visit), evenIfTooSoon, confirm })
    if (outcome.outcome === 'ends-early') {
      const message = 'The keyring is full: with another key the oldest ones go, and they are still needed.'
      const problem = { status: 409, field: 'rotate', message, asked: outcome, evenIfTooSoon } as const
      return await sendOverview(dashboard, visit, problem)
    }
    if (outcome.outcome === 'requested') return done(visit, 'rotation-requested')
    if (outcome.outcome !== 'too-soon' && outcome.outcome !== 'held-back')
      return done(visit, 'rotation-joined')
    const tooSoon = outcome.outcome === 'too-soon'
    return await sendOverview(dashboard, visit, {
      status: 409,
      field: 'rotate',
      ...(tooSoon
        ? {
            message: 'The current key is very new. Some apps may still be signing with the previous one.',
            allowedAt: outcome.allowedAt,
          }
        : {
            message: `As far as we see, these apps still sign with the previous key: ${outcome.apps.join(', ')}.`,
            keptUntil: outcome.until,
          }),
    })
  })

  act('retry', async (visit) => {
    const resumed = await resumeRotation(deps, subject(visit))
    return done(visit, resumed ? 'rotation-retried' : 'nothing-stuck')
  })

  act('revoke', revoke, guard.keyAction)
  async function revoke(visit: Visit, form: Record<string, unknown>) {
    const typedName = textOf(form.name)
    const keepTokens = form.keep_tokens === 'yes'
    const by = { ...subject(visit), session: visit.sessionDigest, keepTokens }
    const { outcome } = await revokeByName(deps, { ...by, typedName })
    if (outcome === 'requested') return done(visit, 'keys-revoked')
    if (outcome === 'joined') return done(visit, 'revoke-joined')
    const message = 'That isn’t this add-on’s name, nor its id. No keys were revoked.'
    return await sendOverview(dashboard, visit, { status: 422, field: 'name', message })
  }

  act('pause', async (visit, form) => {
    const values = { until: textOf(form.until), reason: textOf(form.reason) }
    const until = parseUtc(values.until)
    if (until === 'unreadable' || (until !== null && !isPauseEnd(until, deps.now()))) {
      const message = 'Enter a date and time within the next ten years, or leave the field empty.'
      return await sendOverview(dashboard, visit, { status: 422, field: 'until', message, values })
    }
    const paused = await pauseRotation(deps, { ...subject(visit), until, reason: values.reason })
    return done(visit, paused ? 'schedule-paused' : 'already-paused')
  })

  act('resume', async (visit) => {
    const resumed = await resumeSchedule(deps, subject(visit))
    return done(visit, resumed ? 'schedule-resumed' : 'not-paused')
  })

  act('grace', async (visit, form) => {
    const custom = textOf(form.custom)
    const choice = textOf(form.choice)
    const text = choice === 'custom' ? custom : choice
    const parsed = parseGracePeriod(text, deps.settings.graceFloorMs)
    if ('problem' in parsed) {
      const message = `The grace period ${parsed.problem}.`
      const values = { choice, custom }
      return await sendOverview(dashboard, visit, { status: 422, field: 'grace', message, values })
    }
    const set = await orRefusal(setGracePeriod(deps, { ...subject(visit), grace: parsed.grace }))
    if (!('refusal' in set)) return done(visit, 'grace-period-changed')
    const wrong = { status: 422, field: 'grace', message: set.refusal, values: { choice, custom } } as const
    return await sendOverview(dashboard, visit, wrong)
  })

  act('next', async (visit, form) => {
    const on = form.announce === 'yes'
    const confirm = textOf(form.confirm)
    const set = await orRefusal(announceNext(deps, { ...subject(visit), on, confirm }))
    if ('refusal' in set) {
      return await sendOverview(dashboard, visit, { status: 422, field: 'next', message: set.refusal })
    }
    const { value: changed } = set
    if (typeof changed === 'object') {
      const message = 'The keyring is full: with the next key the oldest ones go, and they are still needed.'
      return await sendOverview(dashboard, visit, { status: 409, field: 'next', message, asked: changed })
    }
    if (!changed) return done(visit, 'next-as-it-was')
    return done(visit, on ? 'next-switched-on' : 'next-switched-off')
  })

  act('sign-out', async (visit) => {
    await signOut(deps, { ...subject(visit), sessionId: visit.sessionId })
    cookies.clear(visit.reply, visit.resourceId)
    return sendMessage(visit.reply, 200, {
      title: 'You are signed out',
      paragraphs: ['Your keys keep rotating automatically.'],
      howToOpen: true,
    })
  })
}

function subject({ resourceId, actor }: Visit) {
  return { resourceId, actor }
}

/** To a page of its own, so that a reload does not act twice. */
function done(visit: Visit, notice: Notice): FastifyReply {
  return visit.reply.redirect(`${visit.base}?done=${notice}`, 303)
}

const LONGEST_FIELD = 200

function textOf(field: unknown): string {
  return typeof field === 'string' ? cleanText(field, LONGEST_FIELD) : ''
}

/** A date and time as `<input type="datetime-local">` sends it, read as UTC; null when it is empty. */
function parseUtc(text: string): Date | null | 'unreadable' {
  if (text === '') return null
  const whole = /^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?$/.test(text)
  const date = new Date(`${text.replace(' ', 'T')}Z`)
  return whole && !Number.isNaN(date.getTime()) ? date : 'unreadable'
}
