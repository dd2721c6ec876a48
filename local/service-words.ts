import type { Actor, NextRotation, ServiceEvent } from '../src/bin/observe.ts'
import { type Entry, RANK } from './entry.ts'

const REAL_PERIODS: Readonly<Record<string, string>> = {
  daily: 'day',
  weekly: 'week',
  fortnightly: 'fortnight',
  monthly: 'month',
}

/** Tells an event of the service: a rotation as its steps, everything else as one entry. */
export function tellEvent(event: ServiceEvent, who: string): Entry[] {
  const { at, actor, details = {}, rotation, key, filler } = event
  const told = (text: string, more: Partial<Entry> = {}): Entry => {
    return { at, rank: RANK.settled, who, text, ...more }
  }
  switch (event.kind) {
    case 'provisioned':
      return [told(`provisioned with two fresh keys; ${nameOfKey(key)} signs`, { rank: RANK.stored })]
    case 'plan-changed':
      return [told(`plan changed from ${details.from} to ${details.to}`, { rank: RANK.stored })]
    case 'deprovisioned':
      return [told('deprovisioned: every key, token and the data key are erased', { rank: RANK.stored })]
    case 'missing-at-heroku':
      return [told('Heroku no longer knows this add-on', { tone: 'warning' })]
    case 'grant-exchanged':
      return [told("exchanged Heroku's grant for tokens; they are stored sealed", { tone: 'quiet' })]
    case 'grant-lost':
      return [
        told('the grant expired before it could be exchanged: no rotation is possible', { tone: 'bad' }),
      ]
    case 'access-token-refreshed':
      return [told('got a fresh access token', { tone: 'quiet' })]
    case 'rotation-requested':
      return [told(`${nameOf(actor)} requested a rotation`)]
    case 'rotated':
      return [
        ...stored(event, who),
        told(`promote  ${nameOfKey(key)} signs from now on; reason: ${rotation?.reason}`, { tone: 'good' }),
        ...retired(event, who),
      ]
    case 'filler-published':
      return [
        ...stored(event, who),
        told(`promote  ${nameOfKey(filler)}, the filler, stands in the second place`, { tone: 'good' }),
        ...retired(event, who),
      ]
    case 'next-announced':
      return [told(`${nameOfKey(key)} is announced: apps accept it, and it signs after the next rotation`)]
    case 'next-withdrawn':
      return [told(`${nameOfKey(key)} is announced no longer`), ...retired(event, who)]
    case 'keys-erased':
      return retired(event, who)
    case 'rotation-superseded':
      return [told('a revoke replaces the rotation under way', { tone: 'warning' })]
    case 'rotation-cancelled':
      return [told('the rotation under way is cancelled', { tone: 'quiet' })]
    case 'rotation-stuck':
      return [told('the rotation is stuck: it is tried about once a day', { tone: 'bad' })]
    case 'key-held-back':
      return [told(`an old key stays: ${details.apps} was seen to sign with it`, { tone: 'warning' })]
    case 'rotation-resumed':
      return [told('retrying the rotation')]
    case 'keys-revoked': {
      const text = `${nameOf(actor)} revoked key ${details.versions}; an app accepts them until it restarts with the new keys`
      return [told(text, { rank: RANK.stored, tone: 'warning' })]
    }
    case 'schedule-paused':
      return [told(`${nameOf(actor)} paused scheduled rotations`)]
    case 'schedule-resumed':
      return [told(`${nameOf(actor)} resumed scheduled rotations`)]
    case 'renamed':
      return [told(`the add-on is now called ${details.to}`)]
    case 'grace-period-changed':
      return [told(`the grace period changed from ${details.from} to ${details.to}`)]
    case 'own-key-suspended':
      return [
        told("suspended: the customer's encryption key is withdrawn, and nothing stored opens", {
          tone: 'warning',
        }),
      ]
    case 'own-key-restored':
      return [told("restored: the customer's encryption key works again", { tone: 'good' })]
    case 'config-gone':
      return [told('the config var is gone at Heroku again; it was put back once', { tone: 'warning' })]
    case 'config-foreign':
      return [told('Heroku holds a pair that was never made here; nothing is pushed', { tone: 'bad' })]
    case 'config-adopted':
      return [told('the pair that Heroku holds was taken over', { tone: 'warning' })]
    case 'config-repaired':
      return [told('the config at Heroku was repaired', { tone: 'warning' })]
    default:
      return [told(`${event.kind.replaceAll('-', ' ')} by ${nameOf(actor)}`, { tone: 'quiet' })]
  }
}

/** The step before: what was made, when it was. */
function stored({ at, madeAt = at, key, filler }: ServiceEvent, who: string): Entry[] {
  const entry = { at: madeAt, rank: RANK.stored, who, tone: 'good' } as const
  return [
    ...(key
      ? [
          {
            ...entry,
            text: `create   ${nameOfKey(key)} is made, sealed and stored before Heroku hears of it`,
          },
        ]
      : []),
    ...(filler
      ? [
          {
            ...entry,
            text: `create   ${nameOfKey(filler)} is a filler for the second place; nobody signs with it`,
          },
        ]
      : []),
  ]
}

function retired({ at, erased = [] }: ServiceEvent, who: string): Entry[] {
  const entry = { at, rank: RANK.erased, who, tone: 'good' } as const
  return erased.map((version) => ({
    ...entry,
    text: `retire   key ${version} is erased; its fingerprint stays`,
  }))
}

function nameOfKey(key: ServiceEvent['key']): string {
  return key ? `key ${key.version} (${key.fingerprint})` : 'a key'
}

/** When the next rotation comes, and that time runs faster here. */
export function tellNextRotation(
  schedule: NextRotation & { plan: string; periodMs: number | undefined },
  at: Date,
  who: string,
): Entry {
  const { nextRotationAt, pause, plan, periodMs } = schedule
  const entry = { at, rank: RANK.ahead, who }
  if (pause) return { ...entry, text: `no scheduled rotations ${pauseEnd(pause)}` }
  const seconds = Math.round((nextRotationAt.getTime() - at.getTime()) / 1_000)
  const when = seconds > 0 ? `in ${seconds} s` : 'now: its date has passed'
  const real = REAL_PERIODS[plan] ?? `period of ${plan}`
  const shortened =
    periodMs === undefined ? '' : `; a real ${real} is shortened to ${Math.round(periodMs / 1_000)} s here`
  return { ...entry, text: `next rotation ${when}${shortened}` }
}

function pauseEnd(pause: { until: Date | null }): string {
  return pause.until ? `before ${pause.until.toTimeString().slice(0, 8)}` : 'until someone resumes them'
}

function nameOf(actor: Actor): string {
  if (actor.type === 'token') return actor.name
  return actor.type === 'person' ? (actor.email ?? 'a person') : actor.type
}
