import { afterAll, describe, expect, test } from 'vitest'
import { ROTATION_ENDS } from '../../src/domain/history.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type Scenario, type Subject, UNTIL_TAKEOVER_MS } from './kill-scenario.ts'
import { SCENARIOS } from './kill-scenarios.ts'
import { type Aftermath, aftermathOf, type Pushes, pushesOf } from './support/aftermath.ts'
import { checkBooks } from './support/books.ts'
import { type Death, mortalProcess, type Point } from './support/mortal-process.ts'
import { PATIENCE } from './support/patience.ts'
import { isOurs, shareInWords } from './support/share.ts'
import { tickOf } from './support/ticks.ts'
import { worthDying } from './support/worth-dying.ts'

type Story = { points: Point[]; died: boolean; pushes: Pushes; aftermath: Aftermath }

const HAS_ENDED = new Set<string>(ROTATION_ENDS)
const TAKEOVERS = 3
let pointsFound = 0
let pointsTried = 0

describe.each(SCENARIOS)('$name', (scenario) => {
  test('a worker killed at any point of it leaves the same keys, dates and config as none killed', async () => {
    const h = await startHarness(scenario.env ? { env: scenario.env } : {})
    const reference = await play(h, scenario, undefined)
    expect(reference.pushes.needless).toEqual([])
    expect(reference.points.length).toBeGreaterThan(1)
    const lasting = reference.aftermath.rotations.filter(({ end }) => !HAS_ENDED.has(end))
    const waiting = scenario.endsWaiting ? ['under way'] : []
    expect(lasting.map(({ end }) => end)).toEqual(scenario.endsStuck ? ['stuck'] : waiting)
    if (reference.aftermath.schedule && !scenario.endsStuck)
      expect(reference.aftermath.heroku).toBe(reference.aftermath.published)

    const expected = without(reference.aftermath, scenario)
    pointsFound += reference.points.length
    for (const death of deathsAt(reference.points)) {
      const at = `${death.name} #${death.nth}${death.callArrivesLate ? ', the call arriving late' : ''}`
      if (!isOurs(`${scenario.name} ${at}`)) continue
      const story = await playUntilKilled(h, scenario, death)
      pointsTried += 1
      expect.soft(story.died, `killed ${at}`).toBe(true)
      expect.soft(without(story.aftermath, scenario), `killed ${at}`).toEqual(expected)
      expect.soft(new Set(story.pushes.pairs), `killed ${at}`).toEqual(new Set(reference.pushes.pairs))
      // What was on the wire when its sender died comes on top, and cannot be taken back.
      const unavoidable = death.callArrivesLate ? 1 : 0
      expect.soft(story.pushes.needless.length, `killed ${at}`).toBeLessThanOrEqual(unavoidable)
    }
  })
})

afterAll(() => {
  console.log(
    `kill points: ${shareInWords}: ${pointsFound} found in ${SCENARIOS.length} scenarios, ${pointsTried} different ones tried`,
  )
})

/** Claims run beside the work, so a point that belongs to them may once not be passed. */
async function playUntilKilled(h: Harness, scenario: Scenario, death: Death): Promise<Story> {
  for (let attempt = 1; ; attempt += 1) {
    const story = await play(h, scenario, death)
    if (story.died || attempt === 3) return story
  }
}

/** Lives one add-on from its provision to the end of the scenario; with a death, another worker takes over. */
async function play(h: Harness, scenario: Scenario, death: Death | undefined): Promise<Story> {
  const addon = await newAddon(h, scenario)
  const start = h.clock.now()
  await scenario.prepare(h, addon)
  const before = h.heroku.view.addon(addon.id).config
  const pushedBefore = (await pushesOf(h, addon.id, {})).pairs.length
  const mortal = mortalProcess(h.deps, h.databaseUrl, death)
  const lived = await mortal.live((deps) => scenario.work(deps, addon))
  await mortal.end()
  for (let takeover = 0; takeover < TAKEOVERS; takeover += 1) {
    h.clock.advance(UNTIL_TAKEOVER_MS)
    if (!lived && takeover === 0) await scenario.again?.(h.deps, addon)
    await tickOf(h.deps)
    if (takeover === 0) await mortal.sendLateCalls()
  }
  const aftermath = await aftermathOf(h, addon.id, start)
  const pushes = await pushesOf(h, addon.id, before, pushedBefore)
  await checkBooks(h.deps, addon.id)
  h.heroku.faults.clear()
  await h.heroku.customer.destroyApp(addon.app)
  await checkBooks(h.deps, addon.id)
  return { points: mortal.points, died: !lived, pushes, aftermath }
}

let apps = 0

async function newAddon(
  h: Harness,
  { grace, next, tokenLife, plan = 'fortnightly' }: Scenario,
): Promise<Subject> {
  apps += 1
  const app = `service-${apps}`
  await h.heroku.customer.createApp(app)
  const options = {
    ...(grace !== undefined && { grace }),
    ...(next && { next: 'true' }),
    ...(tokenLife !== undefined && { 'token-life': tokenLife }),
  }
  const { id } = await h.heroku.customer.createAddon({ app, plan, options })
  const exchanged = () =>
    h.deps.db.selectFrom('oauth_tokens').select('generation').where('resource_id', '=', id).execute()
  await expect.poll(exchanged, PATIENCE).toHaveLength(1)
  return { id, app }
}

/** Each push once more as one that is under way when its sender dies. */
function deathsAt(points: readonly Point[]): Death[] {
  const pushes = points.filter(({ name }) => name === 'before call writeConfig')
  return [...worthDying(points), ...pushes.map((point) => ({ ...point, callArrivesLate: true }))]
}

function without(aftermath: Aftermath, { notCompared = [] }: Scenario): Aftermath {
  const trail = Object.entries(aftermath.trail).filter(([action]) => !notCompared.includes(action))
  return { ...aftermath, trail: Object.fromEntries(trail) }
}
