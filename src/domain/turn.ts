import { type Calendar, closesAt, serveAt } from './calendar.ts'

/**
 * When it is this add-on's turn to restart its apps. Add-ons on one app restart it one after another: a turn that lies ahead
 * is waited for, and one that has come is in use, until Heroku has taken the push or the attempt has ended. `since`: from when
 * on it waited. `app`: whose restarts it waited for. `last`: there is no room for a later one, so it goes then, whoever has
 * restarted the app meanwhile.
 */
export type Turn = { since: Date; at: Date; app: string; last: boolean }

/** What other add-ons do to an app: when one last restarted it or began to, and the last turn for which one waits. */
export type AppInUse = { app: string; restartedAt: Date | null; awaitedAt: Date | null }

/** All of an add-on that its turn depends on. */
export type Subject = {
  turn: Turn | null
  pushedAt: Date | null
  /** What is pushed was stored by an earlier attempt, whose own mark is no restart to wait for. */
  retries: boolean
  /** It takes an old key out, which must not stay for long. */
  filler: boolean
  calendar: Calendar
  periodMs: number
}

const DAY_MS = 86_400_000
/** A plan that rotates more often than once a day has its restarts as often in a period as the daily one has. */
const GAPS_IN_A_PERIOD = 24
/** A rotation that is late by less than half a period moves no date; the rest is for attempts that fail. */
const MOST_OF_PERIOD = 1 / 3
/** Kept free at the end of a window, for an attempt that fails and the next. */
const KEPT_FREE_MS = 15 * 60_000

/** The least time between two restarts of one app, for an add-on that rotates this often. */
export function gapMs(spreadMs: number, periodMs: number): number {
  return Math.min(spreadMs, periodMs / GAPS_IN_A_PERIOD)
}

/** For so long a restart waits for those of others at the most. */
export function longestTurnMs(periodMs: number, filler: boolean): number {
  const most = periodMs * MOST_OF_PERIOD
  return filler ? Math.min(most, DAY_MS) : most
}

/** Whether a turn lies ahead. */
export function isTurnAwaited(turn: Pick<Turn, 'at'> | null, now: Date): boolean {
  return turn !== null && turn.at > now
}

/** The turn of one that somebody wants now: it waits for no restart of others. */
export function turnAtOnce(now: Date): Turn {
  return { since: now, at: now, app: '', last: true }
}

/** Whose restarts are waited for, and until when; null where no turn lies ahead. */
export function waitsForRestart(turn: Turn | null, now: Date): { app: string; until: Date } | null {
  return turn && isTurnAwaited(turn, now) ? { app: turn.app, until: turn.at } : null
}

/**
 * The turn of an add-on that wants to restart its apps now: `at` is now, or later where one of them was restarted within the
 * gap, or where others wait for it already. It is a moment at which the schedule may restart apps. Where the gap would
 * make it wait too long, or for a window too far away, it is a moment by chance in what is left, and the last: spreading
 * puts nothing off beyond that. `random`: from 0 up to 1.
 */
export function nextTurn(
  subject: Subject,
  apps: readonly AppInUse[],
  { spreadMs, random }: { spreadMs: number; random: number },
  now: Date,
): Turn {
  const { calendar, periodMs, filler } = subject
  const gap = gapMs(spreadMs, periodMs)
  // One that was not used when it came is forgotten, as after an outage: then all begin anew.
  // Whoever has waited for its turn looks at restarts alone; whoever comes new is queued behind all who wait.
  const held = subject.turn && now.getTime() - subject.turn.at.getTime() <= gap ? subject.turn : null
  if (held && isTurnAwaited(held, now)) return held
  const since = held?.since ?? now
  const limit = new Date(since.getTime() + longestTurnMs(periodMs, filler))
  const own = { app: apps[0]?.app ?? '', restartedAt: subject.retries ? null : subject.pushedAt }
  const others = apps.map((each) => (held ? { ...each, awaitedAt: null } : each))
  const { app, until } = busyUntil([{ ...own, awaitedAt: null }, ...others], gap)
  const at = serveAt(until > now ? until : now, calendar)
  if (at <= now || held?.last) return { since, at: now, app, last: false }
  if (at <= limit) return { since, at, app, last: false }
  return { since, at: byChance(calendar, limit, random, now), app, last: true }
}

/** Until when the apps are not to be restarted, and which of them is the last. */
function busyUntil(apps: readonly AppInUse[], gap: number): { app: string; until: Date } {
  const used = apps.flatMap(({ app, restartedAt, awaitedAt }) => {
    const last = Math.max(restartedAt?.getTime() ?? 0, awaitedAt?.getTime() ?? 0)
    return [{ app, until: new Date(last + gap) }]
  })
  return used.reduce((a, b) => (b.until > a.until ? b : a))
}

/** A moment before the limit and before the schedule may restart nothing any more; now where either is over. */
function byChance(calendar: Calendar, limit: Date, random: number, now: Date): Date {
  const closes = closesAt(now, calendar)
  const leftMs = Math.min(closes.getTime(), limit.getTime()) - now.getTime()
  const usableMs = Math.max(0, leftMs - Math.min(KEPT_FREE_MS, leftMs / 4))
  return new Date(now.getTime() + Math.floor(random * usableMs))
}
