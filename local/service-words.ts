import type { Actor, NextRotation, ServiceEvent } from '../src/bin/observe.ts'
import { type Entry, RANK } from './entry.ts'

const REAL_PERIODS: Readonly<Record<string, string>> = {
  daily: 'day',
  weekly: 'week',
  fortnightly: 'fortnight',
  monthly: 'month',
}

/** Tells an event of the service. What only repeats something told already makes no entry. */
export function tellEvent(event: ServiceEvent, who: string): Entry[] {
  const { at, details = {} } = event
  const key = `key ${event.version} (${event.fingerprint})`
  const told = (text: string, more: Partial<Entry> = {}): Entry[] => [
    { at, rank: RANK.settled, who, text, ...more },
  ]
  switch (event.action) {
    case 'resource-provisioned':
      return told(`provisioned with two fresh keys; ${key} signs`, { rank: RANK.stored })
    case 'plan-changed':
      return told(`plan ${details.from} is now ${details.to}`, { rank: RANK.stored })
    case 'resource-deprovisioned':
      return told('deprovisioned: every key, token and the data key are erased', { rank: RANK.stored })
    case 'resource-missing-at-heroku':
      return told('Heroku does not know this add-on any more', { tone: 'warning' })
    case 'grant-exchanged':
      return told("exchanged Heroku's grant for tokens; they are stored sealed", { tone: 'quiet' })
    case 'grant-lost':
      return told('the grant expired before it could be exchanged: no rotation is possible', { tone: 'bad' })
    case 'access-token-refreshed':
      return told('took a fresh access token', { tone: 'quiet' })
    case 'rotation-requested':
      return told(`a rotation was asked for by ${nameOf(event.actor)}`)
    case 'key-created':
      return told(`create   ${key} is made, sealed and stored before Heroku hears of it`, {
        rank: RANK.stored,
        tone: 'good',
      })
    case 'filler-created':
      return told(`create   ${key} is a filler for the second place; nobody signs with it`, {
        rank: RANK.stored,
        tone: 'good',
      })
    case 'key-promoted':
      return told(`promote  ${key} signs from now on; reason: ${details.reason}`, { tone: 'good' })
    case 'filler-published':
      return told(`promote  ${key}, the filler, stands in the second place`, { tone: 'good' })
    case 'key-retired':
      return told(`retire   ${key} is erased; its fingerprint stays`, { rank: RANK.erased, tone: 'good' })
    case 'rotation-attempt-failed':
      return told(`attempt ${details.failures} failed: ${details.failure}`, { tone: 'warning' })
    case 'rotation-stuck':
      return told('the rotation is stuck until somebody resumes it', { tone: 'bad' })
    case 'rotation-resumed':
      return told('the rotation is resumed')
    case 'keys-revoked':
      return told(`${key} is revoked by ${nameOf(event.actor)}: not accepted from now on`, {
        rank: RANK.stored,
        tone: 'warning',
      })
    case 'schedule-paused':
      return told(`rotation is paused by ${nameOf(event.actor)}`)
    case 'schedule-resumed':
      return told(`rotation goes on, says ${nameOf(event.actor)}`)
    case 'grace-period-changed':
      return told(`the grace period was ${details.from} and is now ${details.to}`)
    case 'config-differs':
      return told('the config at Heroku is not what was published', { tone: 'warning' })
    case 'config-repaired':
      return told('the config at Heroku is put right again', { tone: 'warning' })
    case 'dashboard-signed-in':
    case 'dashboard-signed-out':
    case 'key-revealed':
    case 'audit-downloaded':
      return told(`${event.action.replaceAll('-', ' ')} by ${nameOf(event.actor)}`, { tone: 'quiet' })
    default:
      return event.action satisfies never
  }
}

/** When the next rotation comes, and that time runs faster here. */
export function tellNextRotation(
  schedule: NextRotation & { plan: string; periodMs: number | undefined },
  at: Date,
  who: string,
): Entry {
  const { nextRotationAt, pause, plan, periodMs } = schedule
  const entry = { at, rank: RANK.ahead, who }
  if (pause) return { ...entry, text: `no rotation ${pauseEnd(pause)}` }
  const seconds = Math.round((nextRotationAt.getTime() - at.getTime()) / 1_000)
  const when = seconds > 0 ? `in ${seconds} s` : 'at once: its date has passed'
  const real = REAL_PERIODS[plan] ?? `period of ${plan}`
  const shortened =
    periodMs === undefined ? '' : `; a real ${real} is shortened to ${Math.round(periodMs / 1_000)} s here`
  return { ...entry, text: `next rotation ${when}${shortened}` }
}

function pauseEnd(pause: { until: Date | null }): string {
  return pause.until ? `before ${pause.until.toTimeString().slice(0, 8)}` : 'until somebody resumes it'
}

function nameOf(actor: Actor): string {
  return actor.type === 'person' ? (actor.email ?? 'a person') : actor.type
}
