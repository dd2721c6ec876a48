import { acceptedUntil } from '../../../flows/dashboard/accepted-until.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import type { KeyLife } from '../../../flows/key-lives.ts'
import { isWithoutDate, roleOf } from './keys.ts'
import { momentOf, type Precision, precisionOf } from './time-words.ts'
import { type AxisForm, axisLabel, axisOf } from './timeline-axis.ts'

/** A piece of a bar, in per cent of the picture's width. */
export type Piece = { x: string; width: string; kind: 'signing' | 'grace'; future: boolean; live: boolean }
export type TimelineRow = { label: string; note: string; labelX: string; anchor: string; pieces: Piece[] }
/** A moment on the picture; `localForm` is how a script tells it in the reader's zone, empty where it must not. */
export type Mark = { x: string; iso: string; localForm: AxisForm | 'date' | ''; label: string }
export type Timeline = {
  rows: TimelineRow[]
  nowX: string
  nowAnchor: string
  next: (Mark & { anchor: string }) | null
  ticks: Mark[]
  description: string
  /** How many of the keys that were read are older than the picture. */
  left: number
}

const MOST_ROWS = 7
/** Empty space at both ends, in parts of the time shown. */
const PADDING = 0.03
/** In per cent of a phone's picture, with some air. */
const NOW_LABEL_WIDTH = 12
/** A whole bar of less would not be seen. */
const LEAST_WIDTH = 0.4
/** Two seconds: the axis has nothing finer than a tick a second. */
const SHORTEST_MS = 2_000

/** The life of one key: it signs from `from` to `signsUntil`, and is accepted up to `until`. */
type Life = { key: KeyLife; from: Date; signsUntil: Date | null; until: Date | null }

/** Lays the newest keys out in time: a row each, the oldest on top, the signing part before the grace part. */
export function timelineOf(overview: Overview): Timeline {
  const { now, nextRotationAt } = overview
  const all = livesOf(overview)
  const lives = all.slice(-MOST_ROWS)
  const next = isWithoutDate(overview) || nextRotationAt <= now ? null : nextRotationAt
  const times = lives.flatMap(({ from, signsUntil, until }) => [from, signsUntil, until])
  const scale = scaleOf(
    [...times, now, next].filter((time) => time !== null),
    overview.periodMs,
  )
  const axis = axisOf(scale.from, scale.to)
  return {
    rows: lives.map((life) => rowOf(life, scale, now)),
    nowX: percent(scale.at(now)),
    // Left of its line where that of the next rotation would go through it.
    nowAnchor: next && scale.at(next) - scale.at(now) < NOW_LABEL_WIDTH ? 'end' : 'middle',
    next: next && nextMark(next, overview, axis.form, scale),
    ticks: axis.ticks.map((at) => tickMark(at, axis.form, scale)),
    description: describe(lives, next, now, precisionOf(overview)),
    left: all.length - lives.length,
  }
}

/** Keys that ever signed, oldest first. A filler signs nothing, so it has no bar of its own. */
function livesOf(overview: Overview): Life[] {
  const keys = overview.keys
    .filter((key) => !key.filler && key.publishedAt !== null)
    .sort((a, b) => a.version - b.version)
  return keys.map((key, index): Life => {
    const from = key.publishedAt ?? key.createdAt
    const successor = keys[index + 1]?.publishedAt ?? null
    if (key.stage === 'retired')
      return { key, from, signsUntil: successor ?? key.retiredAt, until: key.retiredAt }
    if (roleOf(key) === 'revoked') {
      return { key, from, signsUntil: successor ?? key.revokedAt, until: key.revokedAt }
    }
    if (key.stage === 'current') {
      const end = isWithoutDate(overview) ? null : overview.nextRotationAt
      return { key, from, signsUntil: end, until: end }
    }
    // A key whose time is over is accepted all the same until it is erased.
    const end = acceptedUntil(key, overview)
    return { key, from, signsUntil: successor, until: end && end < overview.now ? overview.now : end }
  })
}

type Scale = { from: Date; to: Date; at: (time: Date) => number }

/** From the first of these times to the last, yet never less than a period. */
function scaleOf(times: Date[], periodMs: number): Scale {
  const first = Math.min(...times.map((time) => time.getTime()))
  const last = Math.max(...times.map((time) => time.getTime()), first + Math.max(periodMs, SHORTEST_MS))
  const span = (last - first) * (1 + 2 * PADDING)
  const start = first - (last - first) * PADDING
  return {
    from: new Date(first),
    to: new Date(last),
    at: (time) => Math.min(100, Math.max(0, ((time.getTime() - start) / span) * 100)),
  }
}

function rowOf({ key, from, signsUntil, until }: Life, scale: Scale, now: Date): TimelineRow {
  const live = key.stage !== 'retired' && roleOf(key) !== 'revoked'
  const pieces: Piece[] = []
  function add(kind: Piece['kind'], start: Date, end: Date | null): void {
    const cut = now > start && (end === null || now < end) ? now : null
    const edges = cut ? [start, cut, end ?? scale.to] : [start, end ?? scale.to]
    for (const [index, left] of edges.slice(0, -1).entries()) {
      const x = scale.at(left)
      const width = scale.at(edges[index + 1] ?? scale.to) - x
      if (width <= 0) continue
      // A sliver that "now" cuts off is seen by the rest of its bar, and must not stick out.
      const seen = percent(cut ? width : Math.max(width, LEAST_WIDTH))
      pieces.push({ x: percent(x), width: seen, kind, future: left >= now, live })
    }
  }
  add('signing', from, signsUntil)
  if (signsUntil && (until === null || until > signsUntil)) add('grace', signsUntil, until)
  const x = scale.at(from)
  // A label near the right edge ends with its bar, so that it stays inside of the picture on a phone too.
  const anchor = x > 50 ? 'end' : 'start'
  const labelX = anchor === 'end' ? scale.at(until ?? signsUntil ?? scale.to) : x
  return { label: `Version ${key.version}`, note: key.fingerprint, labelX: percent(labelX), anchor, pieces }
}

function describe(lives: readonly Life[], next: Date | null, now: Date, precision: Precision): string {
  const timeWords = (at: Date) => momentOf(at, now, precision).text
  const sentences = lives
    .filter(({ key }) => key.stage !== 'retired')
    .map(({ key, from, until }) => {
      const name = `Version ${key.version} (${key.fingerprint})`
      if (key.stage === 'current') return `${name} signs since ${timeWords(from)}.`
      if (key.revokedAt) return `${name} is revoked.`
      if (until && until <= now) return `${name} is still accepted, though its grace period is over.`
      return `${name} is still accepted until ${until ? timeWords(until) : 'the next rotation'}.`
    })
  const retired = lives.filter(({ key }) => key.stage === 'retired').map(({ key }) => key.version)
  if (retired.length > 0) sentences.push(`Erased: version ${retired.join(', ')}.`)
  if (next) sentences.push(`The next rotation is at ${timeWords(next)}.`)
  return sentences.join(' ')
}

/** Where days and months begin in UTC, another zone has a time of day: such a tick keeps its label. */
function tickMark(at: Date, form: AxisForm, scale: Scale): Mark {
  const localForm = form === 'day' || form === 'month' || form === 'year' ? '' : form
  return { x: percent(scale.at(at)), iso: at.toISOString(), localForm, label: axisLabel(at, form) }
}

/** Told as finely as the axis or the page; of months and years the day, and the year only where it is another one. */
function nextMark(next: Date, overview: Overview, form: AxisForm, scale: Scale): Timeline['next'] {
  const x = scale.at(next)
  const localForm = nextForm(next, overview, form)
  const label =
    localForm === 'date' ? `${axisLabel(next, 'day')} ${next.getUTCFullYear()}` : axisLabel(next, localForm)
  return { x: percent(x), iso: next.toISOString(), anchor: anchorAt(x), localForm, label }
}

function nextForm(next: Date, overview: Overview, form: AxisForm): AxisForm | 'date' {
  if (form === 'minute') return precisionOf(overview)
  if (form === 'second' || form === 'weekday') return form
  return next.getUTCFullYear() === overview.now.getUTCFullYear() ? 'day' : 'date'
}

/** A long text is turned inwards before it can reach the edge of the picture on a phone. */
function anchorAt(x: number): string {
  if (x < 30) return 'start'
  return x > 70 ? 'end' : 'middle'
}

function percent(number: number): string {
  return `${Math.round(number * 100) / 100}%`
}
