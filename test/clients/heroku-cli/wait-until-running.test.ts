import { describe, expect, test } from 'vitest'
import { progressOf, waitUntilRunning } from '../../../clients/heroku-cli/src/rotation/wait-until-running.ts'
import { ProblemError } from '../../../clients/heroku-cli/src/service/problem.ts'
import { looks } from './support/looks.ts'
import { app, resource, resourceAnswer } from './support/made-up-resource.ts'
import { stillSurroundings } from './support/still-surroundings.ts'

async function wait(service: ReturnType<typeof looks>, timeoutMs = 60_000) {
  const surroundings = stillSurroundings()
  const told: string[] = []
  const waiting = { timeoutMs, intervalMs: 5_000, tell: (words: string) => void told.push(words) }
  const result = await waitUntilRunning(service, waiting, surroundings).catch((error: unknown) => error)
  return { result, told, slept: surroundings.slept }
}

const UNDER_WAY = resourceAnswer({ rotation: 'manual-1' })
const BEHIND = resourceAnswer({
  apps: [app('service-1', 'SECURE_KEY'), app('service-2', 'B', { adoption: 'previous' })],
})
const RUNNING = resourceAnswer()

test('waits for the rotation and then for the last app, and tells each step once', async () => {
  const { told, slept, result } = await wait(looks(UNDER_WAY, UNDER_WAY, BEHIND, BEHIND, RUNNING))
  expect(result).toMatchObject({ name: 'securekey-round-1' })
  expect(told).toEqual(['the rotation is under way', 'service-2 does not run the new key yet'])
  expect(slept).toEqual([5_000, 5_000, 5_000, 5_000])
})

test('is done at once where nothing is under way', async () => {
  const { slept, told } = await wait(looks(RUNNING))
  expect([slept, told]).toEqual([[], []])
})

test('ends when the time is over, and says what is still so', async () => {
  const { result, slept } = await wait(looks(BEHIND), 12_000)
  expect(String(result)).toContain(
    'The time is over, and this is still so: service-2 does not run the new key yet.',
  )
  expect(slept).toEqual([5_000, 5_000, 2_000])
})

test.each(['missing', 'access-lost', 'access-refused', 'unreadable', 'foreign', 'stuck', 'gone'])(
  'ends at once where nothing happens by itself: %s',
  async (state) => {
    const health = { state, since: null, until: null, heading: 'Heading', advice: 'Advice.' }
    const { result, slept } = await wait(looks(resourceAnswer({ health, rotation: 'manual-1' })))
    expect(String(result)).toContain('Heading. Advice.')
    expect(slept).toEqual([])
  },
)

test('a look that fails says nothing, six in a row do', async () => {
  const broken = new Error('cannot be reached')
  const five = await wait(looks(broken, broken, broken, broken, broken, RUNNING))
  expect(five.result).toMatchObject({ name: 'securekey-round-1' })
  const service = looks(broken)
  const { result } = await wait(service)
  expect(result).toBe(broken)
  expect(service.count()).toBe(6)
})

test('comes back when it is told to, and not after the time is over', async () => {
  const busy = new ProblemError('too-many-requests', 429, 'Too many requests.', { waitMs: 30_000 })
  const { slept, result } = await wait(looks(busy, RUNNING))
  expect(slept).toEqual([30_000])
  expect(result).toMatchObject({ name: 'securekey-round-1' })
  const short = await wait(looks(busy), 7_000)
  expect(short.slept).toEqual([7_000])
  expect(String(short.result)).toContain('The time is over, and this is still so: nothing could be seen.')
})

test('each look is sent once: the loop alone waits', async () => {
  const asked: unknown[] = []
  const { ask, ...rest } = looks(BEHIND, RUNNING)
  const recorded = async (...options: unknown[]) => {
    asked.push(options)
    return await ask()
  }
  await wait({ ...rest, ask: recorded })
  expect(asked).toEqual([
    ['GET', '/resource', { once: true }],
    ['GET', '/resource', { once: true }],
  ])
})

test('a refusal that stays one ends it at once', async () => {
  const gone = new ProblemError('resource-gone', 410, 'The add-on was removed.')
  const service = looks(gone)
  expect((await wait(service)).result).toBe(gone)
  expect(service.count()).toBe(1)
})

describe('where a rotation stands', () => {
  test('an app that Heroku hides is not waited for', () => {
    const apps = [app('service-1', 'SECURE_KEY', { adoption: 'not-visible' })]
    expect(progressOf(resource({ apps }))).toEqual({ state: 'done' })
  })

  test('where Heroku tells no apps, it is asked again', () => {
    expect(progressOf(resource({ apps: null })).state).toBe('waiting')
  })
})
