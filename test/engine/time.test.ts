import { expect, test } from 'vitest'
import { pauseRotation, resumeSchedule } from '../../src/flows/dashboard/pause-rotation.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { ACTOR, type Life, startLife } from './support/customer-app.ts'
import { gateAtPush } from './support/gate.ts'
import { tickOf } from './support/ticks.ts'

// A zone whose clocks change: whoever counts in local time is found out here.
process.env.TZ = 'Europe/Berlin'

test('these tests run in a zone with summer time', () => {
  expect(new Date('2026-07-01T00:00:00Z').getTimezoneOffset()).toBe(-120)
})

async function dueAt(life: Life): Promise<Date> {
  return (await life.state()).nextRotationAt
}

test.each([
  ['ahead', 5_001],
  ['behind', -5_001],
])(
  'a clock more than five seconds %s claims nothing, says so, and goes on once it is right',
  async (_, offset) => {
    const life = await startLife()
    life.clock.advance(14 * DAY)
    let offsetMs = offset
    const worker = life.worker({ clockOffsetMs: async () => offsetMs })
    expect(await worker.tick()).toBe(undefined)
    expect(await worker.tick()).toBe(undefined)
    expect(life.pushed()).toEqual([])
    const said = life.logLines.filter((line) => line.includes('clock differs from the database'))
    expect(said).toHaveLength(2)
    expect(said[0]).toContain(`"offsetMs":${offset}`)

    offsetMs = 0
    expect(await worker.tick()).toMatchObject({ promoted: 1 })
  },
)

test('a clock five seconds off still works', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const worker = life.worker({ clockOffsetMs: async () => -5_000 })
  expect(await worker.tick()).toMatchObject({ promoted: 1 })
})

test('a clock that goes wrong later is found at the next tick', async () => {
  const life = await startLife()
  let offsetMs = 0
  const worker = life.worker({ clockOffsetMs: async () => offsetMs })
  expect(await worker.tick()).toBeDefined()
  offsetMs = HOUR
  expect(await worker.tick()).toBe(undefined)
})

test('a worker whose clock runs a day ahead of the others rotates no earlier than they, and not twice', async () => {
  const life = await startLife()
  const due = await dueAt(life)
  life.clock.advance(13 * DAY)
  const ahead = { ...(await life.anotherProcess()), now: () => new Date(life.clock.now().getTime() + DAY) }
  expect(await tickOf(ahead)).toMatchObject({ promoted: 0 })
  life.clock.advance(DAY)
  expect(await tickOf(ahead)).toMatchObject({ promoted: 1 })
  expect(await dueAt(life)).toEqual(new Date(due.getTime() + 14 * DAY))
  await life.tick()
  expect((await life.rotations()).length).toBe(1)
})

test.each([
  ['over the change to summer time', '2026-03-16T01:30:00Z'],
  ['over the change to winter time', '2026-10-12T01:30:00Z'],
  ['over a leap day', '2028-02-16T12:00:00Z'],
  ['over the end of a year without a leap day', '2026-12-20T23:59:59Z'],
])('a fortnight %s is fourteen times twenty-four hours', async (_, provisionedAt) => {
  const life = await startLife()
  life.clock.set(provisionedAt)
  // The first due date lies before that; this rotation begins the fortnight that is measured.
  await life.tick()
  const before = await dueAt(life)
  life.clock.set(before.toISOString())
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect((await dueAt(life)).getTime() - before.getTime()).toBe(14 * 24 * HOUR)
})

test('the dates of a hundred rotations do not drift, however late the worker is', async () => {
  const life = await startLife({ plan: 'daily' })
  const first = await dueAt(life)
  for (let round = 0; round < 100; round += 1) {
    // Between nothing and seven hours late, never the same twice in a row.
    const lateMs = ((round * 37) % 29) * 15 * MINUTE + round * SECOND
    life.clock.set(new Date(first.getTime() + round * DAY + lateMs).toISOString())
    expect(await life.tick()).toMatchObject({ promoted: 1 })
  }
  expect(await dueAt(life)).toEqual(new Date(first.getTime() + 100 * DAY))
  const dates = (await life.rotations()).map((rotation) => rotation.dueAt.getTime())
  expect(dates).toEqual(dates.map((_, round) => first.getTime() + round * DAY))
})

test('dates missed while no worker ran are caught up by one rotation, and the phase stays', async () => {
  const life = await startLife({ plan: 'daily' })
  const first = await dueAt(life)
  life.clock.set(new Date(first.getTime() + 10 * DAY + HOUR).toISOString())
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect(await dueAt(life)).toEqual(new Date(first.getTime() + 11 * DAY))
})

test('a process that slept two days over its push wakes up to a claim that is not its own', async () => {
  const life = await startLife({ plan: 'daily' })
  life.clock.advance(DAY)
  const gate = gateAtPush(await life.anotherProcess(), 'after')
  const ticking = tickOf(gate.deps)
  await gate.reached
  life.clock.advance(2 * DAY)
  await life.tick()
  const held = life.held()
  const rotations = await life.rotations()
  gate.open()
  expect(await ticking).toMatchObject({ promoted: 0 })
  expect(life.held()).toEqual(held)
  expect(await life.rotations()).toEqual(rotations)
})

test('a process alone that slept two days over its push finishes it, and the next date is in the future', async () => {
  const life = await startLife({ plan: 'daily' })
  const first = await dueAt(life)
  life.clock.advance(DAY)
  const gate = gateAtPush(life.deps, 'after')
  const worker = createWorker(gate.deps, {
    concurrency: 5,
    claimLimit: 10,
    clockOffsetMs: async () => 0,
  })
  const ticking = worker.tick()
  await gate.reached
  life.clock.advance(2 * DAY)
  gate.open()
  await ticking
  await worker.tick()
  expect(life.pushed()).toHaveLength(1)
  expect(await dueAt(life)).toEqual(new Date(first.getTime() + 3 * DAY))
})

test('the time left to the next rotation stands still while a pause without an end is on', async () => {
  const life = await startLife()
  const due = await dueAt(life)
  life.clock.advance(4 * DAY)
  await pauseRotation(life.deps, { resourceId: life.id, actor: ACTOR, until: null, reason: 'freeze' })
  life.clock.advance(30 * DAY)
  await life.tick()
  expect(life.pushed()).toEqual([])
  await resumeSchedule(life.deps, { resourceId: life.id, actor: ACTOR })
  expect(await dueAt(life)).toEqual(new Date(due.getTime() + 30 * DAY))
  life.clock.set(new Date(due.getTime() + 30 * DAY - SECOND).toISOString())
  expect(await life.tick()).toMatchObject({ promoted: 0 })
  life.clock.advance(SECOND)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
})

test('a pause that runs out needs nobody to end it, and its length is added to the date', async () => {
  const life = await startLife()
  const due = await dueAt(life)
  const until = new Date(life.clock.now().getTime() + 20 * DAY)
  await pauseRotation(life.deps, { resourceId: life.id, actor: ACTOR, until, reason: 'freeze' })
  life.clock.set(new Date(due.getTime() + 20 * DAY - SECOND).toISOString())
  expect(await life.tick()).toMatchObject({ promoted: 0 })
  life.clock.advance(SECOND)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect(await dueAt(life)).toEqual(new Date(due.getTime() + 34 * DAY))
})

test('a pause that is ended early gives back the days that it did not use', async () => {
  const life = await startLife()
  const due = await dueAt(life)
  const until = new Date(life.clock.now().getTime() + 20 * DAY)
  await pauseRotation(life.deps, { resourceId: life.id, actor: ACTOR, until, reason: 'freeze' })
  life.clock.advance(5 * DAY)
  await resumeSchedule(life.deps, { resourceId: life.id, actor: ACTOR })
  expect(await dueAt(life)).toEqual(new Date(due.getTime() + 5 * DAY))
})

test('a key whose grace period outlasts two rotations is accepted to its end, and not a minute longer', async () => {
  const life = await startLife({ grace: '20d' })
  const { first } = life.held()
  life.clock.advance(14 * DAY)
  await life.tick()
  life.clock.advance(14 * DAY)
  await life.tick()
  expect(life.pushed().at(-1)).not.toContain(first)
  life.clock.advance(6 * DAY - MINUTE)
  await life.tick()
  expect(await life.accepts(first)).toBe(true)
  life.clock.advance(MINUTE)
  await life.tick()
  expect(await life.accepts(first)).toBe(false)
})
