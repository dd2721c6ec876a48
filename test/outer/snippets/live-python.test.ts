import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import { debianSuite } from '../support/debian-suite.ts'
import { CLIENT_PYTHON, distPackages } from '../support/python-tests.ts'
import { isMissing } from '../support/toolchain.ts'
import type { Cookies } from './support/browser-cookies.ts'
import { type KeyService, keyService } from './support/key-service.ts'
import { stateNamed } from './support/lives-through-rotations.ts'
import { blockAt } from './support/page-blocks.ts'
import { pythonApp } from './support/python-apps.ts'
import { type RunningApp, type Start, startApp } from './support/running-app.ts'

/** The lines of the pages for apps that take new keys while they run. */
const LIMIT_MS = 180_000
const HEADING = 'Without a restart'
const SOURCE = fileURLToPath(new URL('../../../clients/python/src', import.meta.url))
const noPython = isMissing(CLIENT_PYTHON)
const suite = noPython ? undefined : await debianSuite('python')

async function withService<Result>(
  state: string,
  work: (service: KeyService) => Promise<Result>,
  opened?: Promise<void>,
) {
  const service = await keyService(state, opened)
  try {
    return await work(service)
  } finally {
    await service.stop()
  }
}

test.skipIf(noPython)('the program of the page Python prints what its comment says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-snippet-'))
  const file = join(folder, 'a.py')
  writeFileSync(file, blockAt('docs/using/python.md', HEADING, 'python'))
  const { secure_key, secure_keyring } = stateNamed('fresh')
  const own = { SECURE_KEY: secure_key, SECURE_KEYRING: secure_keyring ?? '', PYTHONPATH: SOURCE }
  const { stdout } = await withService('rotated twice', async ({ variables }) =>
    promisify(execFile)(CLIENT_PYTHON.program, ['-B', file], {
      env: { PATH: process.env.PATH, ...own, ...variables },
      timeout: LIMIT_MS,
    }),
  ).finally(() => removeFolder(folder))
  expect(stdout).toBe('True\n')
})

describe.skipIf(noPython || suite === undefined)('Django 4.2 and Flask 3.1', () => {
  describe.each(['django', 'flask'] as const)('%s', (around) => {
    const app: Start | undefined =
      suite === undefined
        ? undefined
        : pythonApp(`docs/using/${around}.md`, HEADING, around, distPackages(suite))
    afterAll(async () => {
      if (app) await removeFolder(app.cwd)
    })

    /** Somebody logs in to the app with the first keys. Then it takes those of the service. */
    async function lived(state: string, work: (app: RunningApp, visitor: Cookies) => Promise<void>) {
      if (!app) throw new Error('there is an app')
      const { promise: opened, resolve: open } = Promise.withResolvers<void>()
      const visit = async (service: KeyService) => {
        const running = await startApp(
          { ...app, env: { ...app.env, ...service.variables } },
          stateNamed('fresh'),
        )
        try {
          const visitor: Cookies = new Map()
          await running.get('/login', visitor)
          open()
          await service.checkedIn()
          await work(running, visitor)
        } finally {
          open()
          await running.stop()
        }
      }
      await withService(state, visit, opened)
    }

    test('a login outlives a rotation that comes while the app runs', { timeout: LIMIT_MS }, async () => {
      await lived('rotated once', async (running, visitor) => {
        expect(await running.get('/visit', visitor)).toBe('42')
        expect(await running.get('/visit', visitor), 'signed with the new key').toBe('42')
      })
    })

    test('a login ends with a revoke that comes while the app runs', { timeout: LIMIT_MS }, async () => {
      await lived('revoked', async (running, visitor) => {
        expect(await running.get('/visit', visitor)).toBe('nobody')
        await running.get('/login', visitor)
        expect(await running.get('/visit', visitor)).toBe('42')
      })
    })
  })
})
