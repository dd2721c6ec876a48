import fc from 'fast-check'
import { ANY_TIME, isOpen, serveAt } from '../../../src/domain/calendar.ts'
import { type AppInUse, longestTurnMs, nextTurn, type Turn } from '../../../src/domain/turn.ts'
import { windowsOf } from '../../engine/support/calendars.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
export const BEGIN = new Date('2026-03-03T12:00:00Z')
export const SPREAD_MS = HOUR

/** Add-ons on a few apps that come due within hours, attempts that fail, people, an outage, and a window for all. */
export const anyFleet = fc.record({
  apps: fc.integer({ min: 1, max: 4 }),
  addons: fc.array(
    fc.record({
      on: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
      dueMs: fc.integer({ min: 0, max: 6 * HOUR }),
      fails: fc.integer({ min: 0, max: 2 }),
      pressedMs: fc.option(fc.integer({ min: 0, max: 20 * HOUR }), { freq: 4 }),
    }),
    { minLength: 1, maxLength: 30 },
  ),
  outageMs: fc.constantFrom(0, 0, 3 * HOUR, 2 * DAY),
  windows: fc.constantFrom<string[]>('any', 'any', 'daily 09:00-15:00 UTC', 'tue 12:00-15:00 UTC'),
  periodMs: fc.constantFrom(DAY, 7 * DAY, 14 * DAY),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
})
type Fleet = typeof anyFleet extends fc.Arbitrary<infer F> ? F : never

/** `forced`: it did not wait any longer. */
export type Restart = { at: number; forced: boolean; scheduled: boolean }
type Addon = {
  apps: readonly number[]
  turn: Turn | null
  pushedAt: Date | null
  wakeAt: number
  pressedAt: number
  fails: number
  firstAt: number
  failed: boolean
  restart: Restart | null
}

/** Lives a fleet until everybody has restarted its apps: each asks for its turn when it wakes, one after another. */
export function liveFleet(fleet: Fleet): { addons: Addon[]; restarts: Restart[][] } {
  const calendar = { ...ANY_TIME, windows: windowsOf(fleet.windows) }
  const begin = BEGIN.getTime() + fleet.outageMs
  const chance = chanceOf(fleet.seed)
  const addons = fleet.addons.map(({ on, dueMs, fails, pressedMs }): Addon => {
    const dueAt = Math.max(begin, BEGIN.getTime() + dueMs)
    const wakeAt = serveAt(new Date(dueAt), calendar).getTime()
    return {
      apps: [...new Set(on.map((app) => app % fleet.apps))],
      turn: null,
      pushedAt: null,
      wakeAt,
      pressedAt: pressedMs === null ? Number.POSITIVE_INFINITY : begin + pressedMs,
      fails,
      firstAt: wakeAt,
      failed: false,
      restart: null,
    }
  })
  const restarts: Restart[][] = Array.from({ length: fleet.apps }, () => [])
  for (let steps = 0; steps < 20_000; steps += 1) {
    const open = addons.filter(({ restart }) => restart === null)
    if (open.length === 0) break
    act(open.reduce((a, b) => (nextOf(b) < nextOf(a) ? b : a)))
  }
  return { addons, restarts }

  function act(addon: Addon): void {
    const now = new Date(nextOf(addon))
    if (addon.pressedAt === now.getTime()) {
      restart(addon, { forced: false, scheduled: false }, now)
      return
    }
    if (!isOpen(calendar, now)) {
      addon.wakeAt = serveAt(now, calendar).getTime()
      return
    }
    const { periodMs } = fleet
    const facts = { turn: addon.turn, pushedAt: addon.pushedAt, retries: addon.pushedAt !== null }
    const subject = { ...facts, filler: false, calendar, periodMs }
    const turn = nextTurn(subject, appsOf(addon, now), { spreadMs: SPREAD_MS, random: chance() }, now)
    if (turn.at > now) {
      if (!isOpen(calendar, turn.at)) throw new Error('a turn outside of the window')
      addon.turn = turn
      addon.wakeAt = turn.at.getTime()
      return
    }
    const waitedMs = now.getTime() - (addon.turn?.since ?? now).getTime()
    const forced = addon.turn?.last || turn.last || waitedMs >= longestTurnMs(periodMs, false)
    // The push begins, and may fail: then others do not wait for its next attempt, and it asks anew.
    addon.turn = null
    addon.pushedAt = now
    if (addon.fails === 0) {
      restart(addon, { forced, scheduled: true }, now)
      return
    }
    addon.fails -= 1
    addon.failed = true
    addon.wakeAt = now.getTime() + MINUTE
  }

  function restart(addon: Addon, how: Omit<Restart, 'at'>, now: Date): void {
    addon.turn = null
    addon.pushedAt = now
    addon.restart = { at: now.getTime(), ...how }
    for (const app of addon.apps) restarts[app]?.push(addon.restart)
  }

  function appsOf(addon: Addon, now: Date): AppInUse[] {
    return addon.apps.map((app) => {
      const others = addons.filter((each) => each !== addon && each.apps.includes(app))
      const turns = others.map(({ turn }) => turn?.at)
      return {
        app: `app-${app}`,
        restartedAt: latest([
          ...others.map(({ pushedAt }) => pushedAt),
          ...turns.filter((at) => at && at <= now),
        ]),
        awaitedAt: latest(turns.filter((at) => at && at > now)),
      }
    })
  }
}

function nextOf({ wakeAt, pressedAt }: Addon): number {
  return Math.min(wakeAt, pressedAt)
}

function latest(dates: readonly (Date | null | undefined)[]): Date | null {
  return dates.reduce<Date | null>((a, b) => (b && (!a || b > a) ? b : a), null)
}

/** Numbers from 0 up to 1 that a seed repeats. */
function chanceOf(seed: number): () => number {
  let present = seed
  return () => {
    present = (present * 48_271) % 2_147_483_647
    return present / 2_147_483_647
  }
}
