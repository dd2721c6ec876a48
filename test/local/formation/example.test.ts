import { expect, onTestFinished, test } from 'vitest'
import type { Entry } from '../../../local/entry.ts'
import { startExample } from '../../../local/formation/example.ts'
import { startHeroku } from '../../simulator/support/start-heroku.ts'
import { exampleFolder, freshKey, scratchFolder } from './support/example-app.ts'

/** An app at a simulated Heroku, whose processes are the example by hand, and all that is told of it. */
async function start() {
  const { simulator } = await startHeroku()
  const { customer, view } = simulator
  await customer.createApp('shop', { formation: { web: 2 } })
  const [first, second] = [freshKey(), freshKey()]
  await customer.setConfigVar('shop', 'SECURE_KEY', `${first},${second}`)
  const told: Entry[] = []
  const closers = new AsyncDisposableStack()
  onTestFinished(() => closers.disposeAsync())
  const example = await startExample(
    {
      simulator,
      timeline: { add: (entries) => void told.push(...entries) },
      app: 'shop',
      program: { folder: exampleFolder, program: 'by-hand.js', env: {}, logFolder: scratchFolder() },
      port: 0,
      gapMs: 400,
      clickEveryMs: 20,
      retryMs: 20,
    },
    closers,
  )
  const texts = () => told.map(({ who, text }) => `${who}: ${text}`)
  await expect.poll(() => example.visits().clicks).toBeGreaterThan(2)
  const setKeys = (...keys: string[]) => customer.setConfigVar('shop', 'SECURE_KEY', keys.join(','))
  return { example, closers, texts, first, setKeys, customer, note: () => view.app('shop').note }
}

test('a release restarts both processes; whom it logged out is told, and stands on the card of the app', async () => {
  const { example, closers, texts, first, setKeys, note } = await start()
  expect(note()).toMatch(
    /^Ada was never logged out: \d+ clicks, 0 rotations\. http:\/\/127\.0\.0\.1:\d+ runs web\.1 on v2, web\.2 on v2\.$/,
  )
  await setKeys(freshKey(), first)
  await example.settled()
  await expect
    .poll(texts)
    .toContainEqual(expect.stringMatching(/^visitor: Ada was logged out .*, 1 rotation$/))
  expect(texts()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^visitor: Ada was logged out at click \d+, by web\.2 on v2; she logs in anew$/),
      'shop: web.1 is up on release v3',
      'shop: web.2 is up on release v3',
    ]),
  )
  expect(note()).toMatch(
    /^Ada was logged out [a-z0-9 ]+: .* At \d\d:\d\d:\d\d: Ada was logged out at click \d+, by web\.2 on v2; she logs in anew\. http.* runs web\.1 on v3, web\.2 on v3\.$/,
  )
  await closers.disposeAsync()
  expect(texts().at(-1)).toMatch(/^visitor: Ada was logged out .*, 1 rotation$/)
})

test('a revoke logs the visitor out, and is no fault', async () => {
  const { example, texts, setKeys } = await start()
  await setKeys(freshKey(), freshKey())
  await example.settled()
  await expect.poll(() => example.visits().ended).toBe(1)
  expect(texts()).toContain('visitor: Ada was logged out by the revoke, like everybody; she logs in anew')
  expect(example.visits().logouts).toBe(0)
})

test('an app that loses its keys is told with the reason, and comes back with the next release', async () => {
  const { example, texts, customer, first, setKeys } = await start()
  await customer.setConfigVar('shop', 'SECURE_KEY', null)
  await example.settled()
  expect(texts()).toContainEqual(
    expect.stringMatching(/^shop: web\.1 ended with exit code 1.*; it stays down until the next release$/),
  )
  await setKeys(first, freshKey())
  await example.settled()
  const { clicks, unanswered } = example.visits()
  await expect.poll(() => example.visits().clicks).toBeGreaterThan(clicks + 2)
  expect(unanswered).toBeGreaterThan(0)
  expect(example.visits().answered).toBe(true)
})

test('the end of the app is the end of its processes', async () => {
  const { example, customer, closers } = await start()
  await customer.destroyApp('shop')
  await expect.poll(() => fetch(example.url).then(({ status }) => status)).toBe(503)
  await closers.disposeAsync()
  await expect(fetch(example.url)).rejects.toThrow()
})
