import { isPaused, timeLeftMs } from '../../../domain/pause.ts'
import type { Overview } from '../../../flows/overview.ts'
import { storedFailureWords } from './failure-words.ts'
import { historyEntry } from './history.ts'
import { lengthWords, type Moment, momentOf, periodWords, precisionOf } from './time-words.ts'

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
  const { unfinished, now, pause, nextRotationAt } = overview
  const precision = precisionOf(overview)
  const missing = overview.missingSince !== null
  const nothing = { next: null, lines: [], steps: [], problem: '', requestId: '', retryAt: null, missing }
  if (unfinished) return { ...nothing, ...unfinishedModel(overview, unfinished) }
  if (pause && isPaused(pause, now)) {
    const until = pause.until
      ? `until ${momentOf(pause.until, now, precision).text}`
      : 'until somebody resumes it'
    const left = lengthWords(timeLeftMs(nextRotationAt, pause))
    const lines = [`${left} to the next rotation are left, and stay left while the pause lasts.`]
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
    lines: [`On the plan ${overview.plan} a new key comes every ${periodWords(overview.periodMs)}.`],
  }
}

type Unfinished = NonNullable<Overview['unfinished']>
type UnfinishedModel = Pick<
  NowModel,
  'state' | 'headline' | 'lines' | 'steps' | 'problem' | 'requestId' | 'retryAt'
>

function unfinishedModel(overview: Overview, rotation: Unfinished): UnfinishedModel {
  const { now, wakeAt, keys } = overview
  const precision = precisionOf(overview)
  const revoking = rotation.reason === 'revoke'
  const made = keys.some((key) => key.stage === 'pending' && !key.filler)
  const failure = rotation.lastFailure === null ? undefined : storedFailureWords(rotation.lastFailure)
  const { reason, askedBy } = historyEntry(rotation, now, precision)
  const common = {
    lines: [`${reason}, asked for by ${askedBy}.`],
    problem: failure?.words ?? '',
    requestId: failure?.requestId ?? '',
  }
  if (rotation.state === 'stuck') {
    const lines = [
      'No more attempts are made until somebody retries. Your apps go on with the keys they have.',
    ]
    return { ...common, state: 'stuck', headline: 'The rotation is stuck', lines, steps: [], retryAt: null }
  }
  return {
    ...common,
    state: 'rotating',
    headline: revoking ? 'The old keys are being replaced' : 'A new key is on its way',
    steps: [
      { words: revoking ? 'Make two new keys' : 'Make the new key', state: made ? 'done' : 'doing' },
      { words: 'Bring it to Heroku, which restarts the apps', state: made ? 'doing' : 'to-do' },
      { words: 'Sign with it', state: 'to-do' },
    ],
    retryAt: failure && wakeAt && wakeAt > now ? momentOf(wakeAt, now, precision) : null,
  }
}
