import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { type Harness, MINUTE, testEnvironment } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'

const LIMIT_MS = 15_000

/** Runs the command as an operator would; returns its exit code and all that it printed. */
async function sessions(harness: Harness, ...args: string[]) {
  const env = { ...process.env, ...testEnvironment(harness.databaseUrl, harness.heroku.url) }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['src/bin/sessions.ts', ...args], {
      env,
      timeout: LIMIT_MS,
    })
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, text: `${stdout}${stderr}` }
  }
}

test('an operator ends all sessions of an add-on, by name or id, and the history tells', async () => {
  const h = await startWithAddon()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  h.clock.advance(MINUTE)
  await signedIn(h, { addon: h.addon.name, userId: 'bob', email: 'bob@example.com' })
  expect(await sessions(h, 'end', h.addon.name)).toEqual({ code: 0, text: '2 sessions ended.\n' })
  expect((await ann.get(ann.base)).status).toBe(403)
  expect(await sessions(h, 'list', h.addon.id)).toEqual({ code: 0, text: 'Nobody is signed on.\n' })
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'sessions-ended',
    actor: { type: 'operator' },
    details: { sessions: 2 },
  })
})

test('a name that nobody has, and a command that is none, are said to be so', async () => {
  const h = await startWithAddon()
  const nobody = await sessions(h, 'end', 'securekey-\u001b[31mnobody')
  expect(nobody.code).toBe(1)
  expect(nobody.text).not.toContain('\u001b')
  expect((await sessions(h, 'stop', h.addon.name)).text).toContain('Usage: npm run sessions')
  expect((await sessions(h, 'end')).code).toBe(1)
})
