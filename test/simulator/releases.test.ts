import { expect, test } from 'vitest'
import { callApi, patchKey } from './support/partner.ts'
import { startWithAddon } from './support/start-heroku.ts'

/** What an app's web dyno holds: the config of the release that it runs. */
function held(simulator: Awaited<ReturnType<typeof startWithAddon>>['simulator']) {
  const [dyno] = simulator.view.dynos('service-1')
  return simulator.view.releases('service-1').find(({ version }) => version === dyno?.release)?.config
}

test('a release whose command fails leaves the dynos on the one before, which stays the current one', async () => {
  const { simulator, tokens, addon } = await startWithAddon()
  await simulator.customer.setReleaseCommand('service-1', 'fails')
  expect((await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')).status).toBe(200)
  expect(held(simulator)).toEqual({ SECURE_KEY: 'FIRST,SECOND' })
  const { body } = await callApi(simulator, tokens.access_token, { path: '/apps/service-1/releases' })
  expect(body).toMatchObject([
    { version: 1, status: 'succeeded', current: false },
    { version: 2, status: 'succeeded', current: true },
    { version: 3, status: 'failed', current: false, description: 'Update SECURE by securekey' },
  ])

  await simulator.customer.setReleaseCommand('service-1', 'succeeds')
  await simulator.customer.setConfigVar('service-1', 'OWN', 'value')
  expect(held(simulator)).toEqual({ SECURE_KEY: 'NEW,FIRST', OWN: 'value' })
})

test.each([
  ['succeeds', 'succeeded', 'NEW,FIRST'],
  ['fails', 'failed', 'FIRST,SECOND'],
] as const)('a pending release ends when its command %s', async (command, status, value) => {
  const { simulator, tokens, addon } = await startWithAddon()
  await simulator.customer.setReleaseCommand('service-1', 'runs')
  await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
  expect(simulator.view.releases('service-1').at(-1)?.status).toBe('pending')
  expect(held(simulator)).toEqual({ SECURE_KEY: 'FIRST,SECOND' })
  await simulator.customer.setReleaseCommand('service-1', command)
  expect(simulator.view.releases('service-1').at(-1)?.status).toBe(status)
  expect(held(simulator)).toEqual({ SECURE_KEY: value })
})
