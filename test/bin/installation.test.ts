import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { type Harness, testEnvironment } from '../support/harness.ts'

const LIMIT_MS = 15_000
const MOVED = { ADDON_URL: 'http://127.0.0.1:5999' }

/** Runs the command as an operator would. */
async function installation(harness: Harness, command: string, env: Record<string, string> = {}) {
  const settings = { ...testEnvironment(harness.databaseUrl, harness.heroku.url), ...env }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['src/bin/installation.ts', command], {
      env: { ...process.env, ...settings },
      timeout: LIMIT_MS,
    })
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, text: `${stdout}${stderr}` }
  }
}

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
