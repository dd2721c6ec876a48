import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { openDatabase } from '../../src/store/database.ts'
import { findState } from '../../src/store/keysets.ts'
import { clientOfClock } from '../support/clocked-client.ts'
import { type Harness, MINUTE, startHarness } from '../support/harness.ts'
import { CHANGES, NOTHING } from './interleaved-changes.ts'
import { WORKS, type Work } from './interleaved-works.ts'
import { aftermathOf } from './support/aftermath.ts'
import { checkBooks } from './support/books.ts'
import { type Disturbance, type Play, play, type Subject } from './support/interleaved-play.ts'
import { beginAll, cutConnection } from './support/locks.ts'
import type { Point } from './support/mortal-process.ts'
import { isOurs, shareInWords } from './support/share.ts'
import { tickOf } from './support/ticks.ts'

let h: Harness
/** Whoever comes in between: with enough connections for all of them to wait at the same time. */
let others: Deps
const tried = { moments: 0, takeovers: 0, cuts: 0 }

beforeAll(async () => {
  const ends: (() => Promise<void>)[] = []
  h = await startHarness({ whenFinished: (end) => ends.push(end) })
  const db = openDatabase({
    url: h.databaseUrl,
    poolSize: CHANGES.length,
    onIdleError: () => {},
    Client: clientOfClock(h.clock.now),
  })
  others = { ...h.deps, db }
  return async () => {
    await db.destroy()
    for (const end of ends) await end()
  }
})

afterAll(() => {
  console.log(
    `interleavings: ${shareInWords}: ${tried.moments} moments with ${CHANGES.length} changes at each, ` +
      `${tried.takeovers} takeovers, ${tried.cuts} cut connections`,
  )
})

const OF_A_REFRESH = /oauth_tokens|refresh|number-events/
/** What is on its way to Heroku when its sender sleeps through its lease goes out in the end. */
const ON_THE_WAY = /call |oauth_tokens|number-events/

describe.each(WORKS)('$name', (work) => {
  test('whoever changes an add-on between any two statements of a worker is obeyed, and nothing is lost or doubled', async () => {
    const points = await play(
      h,
      CHANGES.map(() => NOTHING),
      work,
      undefined,
      (played) => expectOrder(played, work, 'undisturbed'),
    )
    for (const point of momentsOf(points, work, 'change')) {
      tried.moments += 1
      await play(h, CHANGES, work, { point, disturb: changeAll }, async (played) => {
        await expectOrder(played, work, point.name)
        expect
          .soft(
            // Notices are told beside the tick: its end takes the database from them.
            played.log.filter((line) => line.includes('interrupted') && !line.includes('telling of notices')),
            point.name,
          )
          .toEqual([])
        for (const { sent, change } of played.subjects) {
          expect.soft(sent.needless, `${change.name} ${point.name}: Heroku had it`).toEqual([])
        }
      })
    }
  }, 180_000)

  test('a worker that takes over between any two statements of another makes the same key, and no second one', async () => {
    const points = await play(h, [NOTHING], work, undefined, (played) =>
      expectOrder(played, work, 'undisturbed'),
    )
    for (const point of momentsOf(points, work, 'takeover')) {
      tried.takeovers += 1
      await play(h, [NOTHING], work, { point, disturb: takeOver }, async (played) => {
        await expectOrder(played, work, point.name)
        const unavoidable = ON_THE_WAY.test(point.name) ? 1 : 0
        for (const { sent } of played.subjects) {
          expect.soft(new Set(sent.pairs).size, `${point.name}: one pair`).toBe(Math.min(1, work.pushes))
          expect.soft(sent.needless.length, `${point.name}: Heroku had it`).toBeLessThanOrEqual(unavoidable)
        }
      })
    }
  }, 180_000)

  test('a connection that dies between any two statements costs no key, no second one, and no second push', async () => {
    const points = await play(h, [NOTHING, NOTHING], work, undefined, (played) =>
      expectOrder(played, work, 'undisturbed'),
    )
    const statements = points.filter(
      ({ name, nth }) =>
        nth === 1 &&
        name.startsWith('before') &&
        !name.includes('call') &&
        isOurs(`cut ${work.name} ${name}`),
    )
    for (const point of statements) {
      tried.cuts += 1
      await play(h, [NOTHING, NOTHING], work, { point, disturb: cut }, async (played) => {
        await expectOrder(played, work, point.name)
        for (const { sent } of played.subjects) {
          expect.soft(sent.pairs, `${point.name}: one push`).toHaveLength(work.pushes)
        }
      })
    }
  }, 180_000)
})

/** Each add-on is changed by its own change. Where the worker holds its row, the change waits, and comes as soon as it can. */
const changeAll: Disturbance = async (subjects) => {
  return await beginAll(
    h.deps.db,
    subjects.map(
      ({ change, id }) =>
        () =>
          change.run(others, id),
    ),
  )
}

const takeOver: Disturbance = async () => {
  h.clock.advance(2 * MINUTE)
  await tickOf(others)
  return {}
}

const cut: Disturbance = async (_, at) => {
  await cutConnection(h)(at)
  return {}
}

/**
 * Each moment of our share once: of what the add-ons pass one after the other, the first is taken. A transaction begins with the lock
 * of its rows, and what comes within it waits for the commit; `INTERLEAVINGS=all` tries each statement of it all the same.
 */
function momentsOf(
  points: readonly Point[],
  { name: work, refreshToo = false }: Work,
  what: string,
): Point[] {
  const all = process.env.INTERLEAVINGS === 'all'
  return points.filter(({ name, nth, within }, index) => {
    if (nth > 1 || (within && !all)) return false
    if (OF_A_REFRESH.test(name) && !refreshToo && !all) return false
    if (!isOurs(`${what} ${work} ${name}`)) return false
    return all || name.startsWith('before') || !points[index + 1]?.name.startsWith('before')
  })
}

/** Everything that must hold in the end, whatever came in between. */
async function expectOrder({ reached, subjects }: Play, work: Work, at: string): Promise<void> {
  expect.soft(reached, at).toBe(at !== 'undisturbed')
  for (const subject of subjects) await expectOneInOrder(subject, work, `${subject.change.name} ${at}`)
}

async function expectOneInOrder(subject: Subject, work: Work, at: string): Promise<void> {
  const { id, change, before } = subject
  await checkBooks(h.deps, id)
  const { heroku, published, rotations, trail } = await aftermathOf(h, id, h.clock.now())
  if (change.tells) expect.soft(trail, `${at}: what the history tells`).toHaveProperty(change.tells)
  const dates = rotations.filter(({ reason }) => reason === 'scheduled').map(({ dueIn }) => dueIn)
  expect.soft(new Set(dates).size, `${at}: one rotation per due date`).toBe(dates.length)
  const state = (await findState(h.deps.db, id))?.state
  if (change.ends) {
    expect.soft(state, at).toBe(undefined)
    return
  }
  expect.soft(state, at).toMatchObject({
    rotation: null,
    attempts: 0,
    claimedUntil: null,
    keyset: { pending: null, pendingFiller: null },
  })
  if (state && change.shows) expect.soft(change.shows(state, h.clock.now()), `${at}: obeyed`).toBe(true)
  expect.soft(heroku, `${at}: Heroku holds what is published`).toBe(published)
  const revoked = change.revokes || work.revokes
  expect.soft(await subject.accepts(before.first), `${at}: the former first key`).toBe(!revoked)
  for (const key of Object.values(subject.held())) {
    expect.soft(await subject.accepts(key), `${at}: what Heroku holds`).toBe(true)
  }
}
