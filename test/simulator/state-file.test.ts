import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSimulator } from '../../simulator/src/simulator.ts'
import { removeFolder } from '../support/remove-folder.ts'
import { createFakeClock } from './support/fake-clock.ts'
import { callApi, patchKey } from './support/partner.ts'
import { addonOptions, startWithAddon } from './support/start-heroku.ts'

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  onTestFinished(() => removeFolder(folder))
  return folder
}

test('a second run goes on with the same apps, add-ons and tokens', async () => {
  const folder = scratchFolder()
  const statePath = join(folder, 'state', 'heroku.json')
  const { simulator, service, addon, tokens, clock } = await startWithAddon({ statePath })
  await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
  await simulator.close()
  expect(readdirSync(join(folder, 'state'))).toEqual(['heroku.json'])
  expect(statSync(statePath).mode & 0o777).toBe(0o600)

  const second = createSimulator({ now: clock.now, addon: addonOptions(service.url), statePath })
  await second.listen({ port: 0 })
  onTestFinished(() => second.close())
  expect(second.view.addons()).toMatchObject([
    { id: addon.id, name: addon.name, config: { SECURE_KEY: 'NEW,FIRST' } },
  ])
  expect(second.view.releases('service-1')).toEqual(simulator.view.releases('service-1'))
  const read = await callApi(second, tokens.access_token, { path: `/addons/${addon.name}/config` })
  expect(read).toMatchObject({ status: 200, body: [{ value: 'NEW,FIRST' }] })
  await second.customer.destroy({ addon: addon.name })
  expect(second.view.addons()).toEqual([])
})

test('a file that is not a simulator’s is refused with advice', () => {
  const statePath = join(scratchFolder(), 'heroku.json')
  writeFileSync(statePath, '{"format":')
  const start = () =>
    createSimulator({ now: createFakeClock().now, addon: addonOptions('http://127.0.0.1:1'), statePath })
  expect(start).toThrow(/delete it to start with an empty Heroku/)
})
