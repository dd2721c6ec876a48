import { expect, test } from 'vitest'
import { createWorker } from '../../src/worker/worker.ts'
import { DAY, type Harness, startHarness } from '../support/harness.ts'
import { type Life, lifeOf, startLife } from './support/customer-app.ts'
import { mortalProcess, type Point } from './support/mortal-process.ts'
import { PATIENCE } from './support/patience.ts'
import { tickOf } from './support/ticks.ts'

const WORKER = { concurrency: 20, claimLimit: 100, clockOffsetMs: async () => 0 }

/** Two add-ons a rotation of which is under way when the worker is told to stop at a point; with none it runs through. */
async function stopAt(h: Harness, name: string, point: Point | undefined): Promise<{ points: Point[] }> {
  const life = await lifeOf(h, name)
  const before = life.held()
  life.clock.advance(14 * DAY)
  const stopped: Promise<void>[] = []
  const instead = () => void stopped.push(worker.stop(10_000))
  const process = mortalProcess(h.deps, h.databaseUrl, point && { ...point, instead })
  const worker = createWorker(process.deps, WORKER)
  await worker.tick()
  // Notices are told beside the ticks: what comes from here on is none of the rotation's.
  const points = [...process.points]
  await worker.idle()
  await Promise.all(stopped)
  const at = point ? `stopped ${point.name} #${point.nth}` : 'not stopped'
  expect(stopped, at).toHaveLength(point ? 1 : 0)
  await expectNoClaim(life, at)

  await tickOf(h.deps)
  expect(life.pushed(), at).toHaveLength(1)
  expect(life.held().second, at).toBe(before.first)
  expect(await life.rotations(), at).toMatchObject([{ end: 'rotated' }])
  await process.end()
  await life.heroku.customer.destroyApp(name)
  return { points }
}

async function expectNoClaim(life: Life, at: string): Promise<void> {
  const { claimedUntil, attempts } = await life.state()
  expect(claimedUntil, at).toBe(null)
  // At a point before the claim nothing was begun, so this holds of itself there.
  expect(attempts, at).toBe(0)
}

test('a worker told to stop at any point of a rotation leaves no claim, and the next one finishes at once', async () => {
  const h = await startHarness()
  const { points } = await stopAt(h, 'service-0', undefined)
  expect(points.length).toBeGreaterThan(10)
  for (const [index, point] of points.entries()) await stopAt(h, `service-${index + 1}`, point)
})

test.each([
  ['has not reached Heroku', { kind: 'hang' }, 2],
  ['was applied by Heroku', { kind: 'hang', apply: true }, 1],
] as const)(
  'a push that hangs and %s is cut off by a shutdown and costs no attempt',
  async (_, fault, pushes) => {
    const life = await startLife({ callTimeoutMs: 60_000 })
    life.heroku.faults.add({ match: { method: 'PATCH', addon: life.id }, ...fault })
    life.clock.advance(14 * DAY)
    const worker = life.worker()
    const ticking = worker.tick()
    await expect.poll(() => life.pushed().length, PATIENCE).toBe(1)
    await worker.stop(0)
    expect(await ticking).toMatchObject({ 'given-back': 1, failed: 0 })
    await expectNoClaim(life, 'stopped')

    expect(await life.tick()).toMatchObject({ promoted: 1 })
    expect(life.pushed()).toHaveLength(pushes)
    expect(new Set(life.pushed()).size).toBe(1)
  },
)

test('a stopped worker claims nothing any more', async () => {
  const life = await startLife()
  const worker = life.worker()
  await worker.stop(1_000)
  life.clock.advance(14 * DAY)
  expect(await worker.tick()).toBe(undefined)
  expect(life.pushed()).toEqual([])
})
