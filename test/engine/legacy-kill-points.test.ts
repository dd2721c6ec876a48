import { describe, expect, test } from 'vitest'
import { DAY, type Harness } from '../support/harness.ts'
import { addLegacyAddon, overLegacyApi } from '../support/legacy.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { rotated, UNTIL_TAKEOVER_MS, workerThatDied } from './kill-scenario.ts'
import { type Aftermath, aftermathOf, type Pushes, pushesOf } from './support/aftermath.ts'
import { checkBooks } from './support/books.ts'
import { type Death, mortalProcess, type Point } from './support/mortal-process.ts'
import { tickOf } from './support/ticks.ts'
import { worthDying } from './support/worth-dying.ts'

type Story = { points: Point[]; died: boolean; pushes: Pushes; aftermath: Aftermath }

const shared = sharedHarness(overLegacyApi())
const TAKEOVERS = 3

/** The same as `kill-points.test.ts`, over the other adapter: one rotation from its start, and one that is in doubt. */
describe.each<[string, (h: Harness) => Promise<void>, string]>([
  ['a scheduled rotation', dueAgain, 'after call writeConfig'],
  ['a rotation whose push was made by a worker that died', pushedAndDead, 'after call readConfig'],
])('over the legacy API, %s', (_name, prepare, lastCall) => {
  test('leaves the same keys, dates and config wherever a worker is killed as where none is', async () => {
    const reference = await play(prepare)
    expect(reference.pushes.needless).toEqual([])
    expect(reference.aftermath.heroku).toBe(reference.aftermath.published)
    expect(reference.aftermath.rotations).toContainEqual(
      expect.objectContaining({ reason: 'scheduled', end: 'rotated' }),
    )
    // The first worker is kept from it by no question that this API has no answer to.
    expect(reference.points.map(({ name }) => name)).toContain(lastCall)
    const pushes = reference.points.filter(({ name }) => name === 'before call writeConfig')
    const late = pushes.map((point) => ({ ...point, callArrivesLate: true }))
    for (const death of [...worthDying(reference.points), ...late]) {
      const story = await play(prepare, death)
      const at = `killed ${death.name} #${death.nth}`
      expect.soft(story.died, at).toBe(true)
      expect.soft(story.aftermath, at).toEqual(reference.aftermath)
      expect.soft(new Set(story.pushes.pairs), at).toEqual(new Set(reference.pushes.pairs))
      const unavoidable = 'callArrivesLate' in death ? 1 : 0
      expect.soft(story.pushes.needless.length, at).toBeLessThanOrEqual(unavoidable)
    }
  })
})

/** One rotation lies behind it, and the next takes a key out that apps have signed with. */
async function dueAgain(h: Harness): Promise<void> {
  await rotated(h)
  h.clock.advance(14 * DAY)
}

async function pushedAndDead(h: Harness): Promise<void> {
  h.clock.advance(14 * DAY)
  await workerThatDied(h, 'after call writeConfig')
}

async function play(prepare: (h: Harness) => Promise<void>, death?: Death): Promise<Story> {
  const h = shared()
  const addon = await addLegacyAddon(h)
  const start = h.clock.now()
  await prepare(h)
  const before = h.heroku.view.addon(addon.id).config
  const skip = (await pushesOf(h, addon.id, {})).pairs.length
  const mortal = mortalProcess(h.deps, h.databaseUrl, death)
  const lived = await mortal.live((deps) => tickOf(deps))
  await mortal.end()
  for (let takeover = 0; takeover < TAKEOVERS; takeover += 1) {
    h.clock.advance(UNTIL_TAKEOVER_MS)
    await tickOf(h.deps)
    if (takeover === 0) await mortal.sendLateCalls()
  }
  const aftermath = await aftermathOf(h, addon.id, start)
  const pushes = await pushesOf(h, addon.id, before, skip)
  await checkBooks(h.deps, addon.id)
  await h.heroku.customer.destroyApp(addon.app)
  return { points: mortal.points, died: !lived, pushes, aftermath }
}

test('four processes with five workers each make one rotation of a due add-on, by one push', async () => {
  const h = shared()
  const addon = await addLegacyAddon(h)
  h.clock.advance(14 * DAY)
  const processes = [
    h.deps,
    ...(await Promise.all([h.anotherProcess(), h.anotherProcess(), h.anotherProcess()])),
  ]
  const tallies = await Promise.all(
    processes.flatMap((deps) => Array.from({ length: 5 }, () => tickOf(deps))),
  )
  expect(tallies.reduce((sum, tally) => sum + (tally?.promoted ?? 0), 0)).toBe(1)
  expect((await pushesOf(h, addon.id, {})).pairs).toHaveLength(1)
  await checkBooks(h.deps, addon.id)
})
