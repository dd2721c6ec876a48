import { expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import type { Harness } from '../support/harness.ts'
import { runProgram } from './support/run-program.ts'

const MOVED = { ADDON_URL: 'http://127.0.0.1:5999' }

const installation = (harness: Harness, command: string, env: Record<string, string> = {}) =>
  runProgram(harness, 'installation', [command], env)

test('show says that a running installation is confirmed, and confirm changes nothing of it', async () => {
  const h = await startWithAddon()
  const { epoch } = await h.deps.installation.look()
  const { text } = await installation(h, 'show')
  expect(text).toContain('Confirmed: this installation calls Heroku.')
  expect(text).toContain('http://127.0.0.1:5000')
  expect(await installation(h, 'confirm')).toEqual({
    code: 0,
    text: 'Nothing differs: this installation is confirmed already.\n',
  })
  expect((await h.deps.installation.look()).epoch).toBe(epoch)
})

test('under other settings show names what differs, and confirm makes them the ones that call Heroku, in a new epoch', async () => {
  const h = await startWithAddon()
  const { epoch } = await h.deps.installation.look()
  const shown = await installation(h, 'show', MOVED)
  expect(shown.text).toContain('(now http://127.0.0.1:5999)')
  expect(shown.text).toContain('Not confirmed (another ADDON_URL): nobody is called, nothing is provisioned.')
  expect((await installation(h, 'confirm', MOVED)).text).toContain('Confirmed (another ADDON_URL).')
  // The processes with the settings from before have become the copy.
  const before = await h.deps.installation.look()
  expect(before).toMatchObject({ differs: ['another ADDON_URL'] })
  expect(before.epoch).toBeGreaterThan(epoch)
})

test('anything else prints how it is used', async () => {
  const h = await startWithAddon()
  expect(await installation(h, 'reset')).toMatchObject({ code: 1, text: expect.stringContaining('Usage:') })
})
