import { isPaused, timeLeftMs } from '../../../domain/pause.ts'
import type { Overview, RotationUnderWay } from '../../../flows/dashboard/overview.ts'
import { openEntry } from './rotations.ts'
import { everyWords, lengthWords, type Moment, momentOf, precisionOf } from './time-words.ts'

/** How the resource is doing, in one sentence and its particulars. */
export type NowModel = {
  state: 'steady' | 'rotating' | 'stuck' | 'paused'
  headline: string
  /** The date of the next rotation, where it is known. */
  next: Moment | null
  lines: string[]
  /** Steps of the rotation under way; the page asks again by itself while there are any. */
  steps: { words: string; state: 'done' | 'doing' | 'to-do' }[]
  problem: string
  requestId: string
  retryAt: Moment | null
  missing: boolean
}

export function nowModel(overview: Overview): NowModel {
  const { rotation, now, pause, nextRotationAt } = overview
  const precision = precisionOf(overview)
  const missing = overview.missingSince !== null
  const nothing = { next: null, lines: [], steps: [], problem: '', requestId: '', retryAt: null, missing }
  if (rotation) return { ...nothing, ...underWayModel(overview, rotation) }
  if (pause && isPaused(pause, now)) {
    const until = pause.until
      ? `until ${momentOf(pause.until, now, precision).text}`
      : 'until someone resumes it'
    const left = lengthWords(timeLeftMs(nextRotationAt, pause))
    const lines = [`The countdown is stopped with ${left} to go.`]
    if (pause.reason !== '') lines.push(`Reason: ${pause.reason}`)
    const next = pause.until ? momentOf(nextRotationAt, now, precision) : null
    return { ...nothing, state: 'paused', headline: `Paused ${until}`, next, lines }
  }
  const next = momentOf(nextRotationAt, now, precision)
  const due = nextRotationAt <= now
  return {
    ...nothing,
    state: 'steady',
    headline: due ? 'The next rotation is due now' : `Next rotation ${next.fromNow}`,
    next,
    lines: [`The ${overview.plan} plan makes a new key ${everyWords(overview.periodMs)}.`],
  }
}

type UnderWayModel = Pick<
  NowModel,
  'state' | 'headline' | 'lines' | 'steps' | 'problem' | 'requestId' | 'retryAt'
>

function underWayModel(overview: Overview, rotation: RotationUnderWay): UnderWayModel {
  const { now, wakeAt, keys } = overview
  const precision = precisionOf(overview)
  const revoking = rotation.reason === 'revoke'
  const made = keys.some((key) => key.stage === 'pending' && !key.filler)
  const { reason, askedBy, problem, requestId } = openEntry(rotation, undefined, now, precision)
  const asked = rotation.openedBy.type === 'worker' ? '' : `, requested by ${askedBy}`
  const common = { lines: [`${reason}${asked}.`], problem, requestId }
  if (rotation.stuckSince) {
    const lines = ['We won’t try again until you retry. Your apps keep working with the keys they have.']
    return { ...common, state: 'stuck', headline: 'The rotation is stuck', lines, steps: [], retryAt: null }
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
    retryAt: problem !== '' && wakeAt && wakeAt > now ? momentOf(wakeAt, now, precision) : null,
  }
}
