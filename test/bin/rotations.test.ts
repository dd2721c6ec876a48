import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { DAY, type Harness, testEnvironment } from '../support/harness.ts'

const LIMIT_MS = 15_000

/** Runs the command as an operator would; answers its exit code and all that it printed. */
async function rotations(harness: Harness, ...args: string[]) {
  const env = { ...process.env, ...testEnvironment(harness.databaseUrl, harness.heroku.url) }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['src/bin/rotations.ts', ...args], {
      env,
      timeout: LIMIT_MS,
    })
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, text: `${stdout}${stderr}` }
  }
}

test('a stuck rotation is listed with its reason, and retry resumes it', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 404 })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()

  const listed = await rotations(h, 'list', '--stuck')
  expect(listed.text).toContain(h.addon.id)
  expect(listed.text).toContain('missing')
  expect(await rotations(h, 'retry', h.addon.name)).toMatchObject({ code: 0 })
  expect((await rotations(h, 'list', '--stuck')).text).toBe('Nothing is unfinished.\n')
})

test('show names dates, stages and fingerprints, and no key', async () => {
  const h = await startWithAddon()
  const { text } = await rotations(h, 'show', h.addon.name)
  expect(text).toContain('next rotation  2026-03-17T12:00:00.000Z')
  expect(text).toMatch(/2 {2}[0-9a-f]{8} {2}current/)
  expect(text).not.toMatch(/[0-9A-F]{64}/)
})

test('an unknown command prints the usage and fails', async () => {
  const h = await startWithAddon()
  expect(await rotations(h, 'frobnicate')).toMatchObject({ code: 1, text: expect.stringContaining('Usage') })
  expect(await rotations(h, 'show', 'nobody')).toMatchObject({
    code: 1,
    text: expect.stringContaining('nobody'),
  })
})
