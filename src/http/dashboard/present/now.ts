import { isOpen } from '../../../domain/calendar.ts'
import { type HealthState, isScheduleStopped } from '../../../domain/health-state.ts'
import type { HealthStep } from '../../../domain/health-words.ts'
import { isPaused, timeLeftMs } from '../../../domain/pause.ts'
import { isKeptToCalendar } from '../../../domain/rotation.ts'
import type { Overview, RotationUnderWay } from '../../../flows/dashboard/overview.ts'
import { putOffWords } from './put-off.ts'
import { openEntry } from './rotations.ts'
import { everyWords, lengthWords, type Moment, momentOf, precisionOf } from './time-words.ts'

/** How the resource is doing, in one sentence and its particulars. */
export type NowModel = {
  state: 'steady' | 'rotating' | 'stuck' | 'paused' | 'held-back' | 'broken'
  headline: string
  /** The date of the next rotation, where it is known. */
  next: Moment | null
  lines: string[]
  /** Steps of the rotation under way; the page asks again by itself while there are any. */
  steps: { words: string; state: 'done' | 'doing' | 'to-do' }[]
  /** What is wrong and what to do about it; `todo`: the steps of that, in their order. */
  problem: string
  todo: readonly HealthStep[]
  requestId: string
  /** Since when it is so, what happens by itself and when, and when it is tried again. */
  since: Moment | null
  until: { what: string; at: Moment; how: string } | null
  retryAt: Moment | null
  /** A retry may help. */
  retry: boolean
}

type Base = Pick<NowModel, 'state' | 'headline' | 'next' | 'lines' | 'steps'>

/** In these, another attempt cannot succeed. */
const HOPELESS: readonly HealthState[] = ['access-lost', 'foreign', 'own-key-suspended', 'own-key-lost']
/** States that are no trouble of the schedule: their words are the headline's, or the page has a line of its own for them. */
const FINE: readonly HealthState[] = ['rotating', 'unusual-access', 'paused', 'well']

export function nowModel(overview: Overview): NowModel {
  const { health, rotation, now, wakeAt } = overview
  const moment = (date: Date | null) => date && momentOf(date, now, precisionOf(overview))
  const base = baseOf(overview)
  const fine = FINE.includes(health.state)
  const model = {
    ...base,
    problem: fine ? '' : health.customer,
    todo: health.steps,
    requestId: fine ? '' : (rotation?.failures.at(-1)?.requestId ?? ''),
    since: null,
    until: null,
    retryAt: health.state === 'failing' && wakeAt && wakeAt > now ? moment(wakeAt) : null,
    retry: base.state === 'stuck' && !HOPELESS.includes(health.state),
  }
  const { heading: headline } = health
  const heldBack: NowModel = { ...model, state: 'held-back', headline, next: null, steps: [] }
  const end = moment(health.until)
  if (health.state === 'held-back') {
    return { ...heldBack, until: end && { what: 'The previous key goes', at: end, how: 'at the latest' } }
  }
  if (health.state === 'gone') return { ...model, headline, since: moment(health.since) }
  if (health.state === 'own-key-waiting') {
    const how = 'unless the key works again'
    const until = end && { what: 'This add-on is suspended', at: end, how }
    return { ...heldBack, lines: [], since: moment(health.since), until }
  }
  if (!isScheduleStopped(health.state)) return model
  return {
    ...model,
    state: 'broken',
    headline,
    next: null,
    lines: model.retry ? [base.headline] : [],
    steps: [],
    since: moment(health.since),
  }
}

function baseOf(overview: Overview): Base {
  const { rotation, now, pause, nextRotationAt, dueAt } = overview
  const precision = precisionOf(overview)
  if (rotation) return underWay(overview, rotation)
  if (pause && isPaused(pause, now)) {
    const until = pause.until
      ? `until ${momentOf(pause.until, now, precision).text}`
      : 'until someone resumes it'
    const left = lengthWords(timeLeftMs(dueAt, pause))
    const lines = [`The countdown is stopped with ${left} to go.`]
    if (pause.reason !== '') lines.push(`Reason: ${pause.reason}`)
    const next = pause.until ? momentOf(nextRotationAt, now, precision) : null
    if (next) lines.push(...(overview.keysFullUntil ? waitWords(overview) : []), ...putOffLines(overview))
    return { state: 'paused', headline: `Paused ${until}`, next, lines, steps: [] }
  }
  const next = momentOf(nextRotationAt, now, precision)
  const due = nextRotationAt <= now
  const plan = `The ${overview.plan} plan makes a new key ${everyWords(overview.periodMs)}.`
  return {
    state: 'steady',
    headline: due ? 'The next rotation is due now' : `Next rotation ${next.fromNow}`,
    next,
    lines: [
      ...(dueAt <= now || overview.keysFullUntil ? waitWords(overview) : []),
      ...putOffLines(overview),
      plan,
    ],
    steps: [],
  }
}

/** Why the next rotation comes later than it is due; of a full keyring there is a line already. */
function putOffLines(overview: Overview): string[] {
  if (overview.keysFullUntil) return []
  const words = putOffWords(overview, { dueAt: overview.dueAt, servedAt: overview.nextRotationAt })
  return words === '' ? [] : [`The next rotation waits ${words}.`]
}

/** An old key that would have to go, or apps of which another add-on, or this one, was restarted a short while ago. */
function waitWords({ waitsFor, keysFullUntil, now, ...overview }: Overview): string[] {
  if (keysFullUntil) {
    const until = momentOf(keysFullUntil, now, precisionOf(overview)).text
    return [`It waits until ${until}: before that it would take out a key that is still needed.`]
  }
  if (!waitsFor) return []
  const until = momentOf(waitsFor.until, now, precisionOf(overview)).text
  return [`It waits for another restart of ${waitsFor.app || 'your app'} until ${until}.`]
}

function underWay(overview: Overview, rotation: RotationUnderWay): Base {
  const { now, keys, calendar, nextRotationAt } = overview
  const revoking = rotation.reason === 'revoke'
  const made = keys.some((key) => key.stage === 'pending' && !key.filler)
  const { reason, askedBy } = openEntry(rotation, undefined, now, precisionOf(overview))
  const asked = rotation.openedBy.type === 'worker' ? '' : `, requested by ${askedBy}`
  const common = { next: null, lines: [`${reason}${asked}.`] }
  if (rotation.stuckSince) return { ...common, state: 'stuck', headline: 'The rotation is stuck', steps: [] }
  const waitsForRoom = !made && overview.keysFullUntil !== null
  if (isKeptToCalendar(rotation) && (overview.waitsFor || waitsForRoom)) {
    const next = momentOf(nextRotationAt, now, precisionOf(overview))
    const lines = [...common.lines, ...waitWords(overview)]
    return { state: 'steady', headline: `The rotation goes on ${next.fromNow}`, next, lines, steps: [] }
  }
  if (isKeptToCalendar(rotation) && !isOpen(calendar, now)) {
    const next = momentOf(nextRotationAt, now, precisionOf(overview))
    const waits = made
      ? 'The new key did not reach Heroku while it might restart your apps. It is sent again when a window opens or the freeze is over, or when someone presses “Rotate now”.'
      : 'It goes on when a window opens or the freeze is over, or when someone presses “Rotate now”.'
    const lines = [...common.lines, waits]
    return { state: 'steady', headline: `The rotation goes on ${next.fromNow}`, next, lines, steps: [] }
  }
  return {
    ...common,
    state: 'rotating',
    headline: revoking ? 'The old keys are being replaced' : 'A new key is on its way',
    steps: [
      { words: revoking ? 'Make two new keys' : 'Make the new key', state: made ? 'done' : 'doing' },
      {
        words: `Send ${revoking ? 'them' : 'it'} to Heroku (your apps restart)`,
        state: made ? 'doing' : 'to-do',
      },
      { words: revoking ? 'Sign with the first' : 'Sign with it', state: 'to-do' },
    ],
  }
}
