import { expect, onTestFinished, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import type { Cookies } from './support/browser-cookies.ts'
import { keyService } from './support/key-service.ts'
import { stateNamed } from './support/lives-through-rotations.ts'
import { nodeApp } from './support/node-apps.ts'
import { startApp } from './support/running-app.ts'

const LIMIT_MS = 180_000

/** An app of a page in a process of its own, until the end of the test. */
async function appOf(page: string, heading: string, state: string, env: Record<string, string> = {}) {
  const start = nodeApp(`docs/using/${page}.md`, heading, 'express')
  const app = await startApp({ ...start, env }, stateNamed(state))
  onTestFinished(async () => {
    await app.stop()
    await removeFolder(start.cwd)
  })
  return app
}

test(
  'an app with the lines of the page, started with old keys, knows a login of the newest, and the other way round',
  async () => {
    const service = await keyService('rotated twice')
    onTestFinished(service.stop)
    const restarted = await appOf('express', 'cookie-session / With the library', 'rotated twice')
    const live = await appOf('live-pick-up', 'In Node', 'fresh', service.variables)
    await service.checkedIn()
    for (const [from, to] of [
      [restarted, live],
      [live, restarted],
    ] as const) {
      const visitor: Cookies = new Map()
      await from.get('/login', visitor)
      expect(await to.get('/visit', visitor)).toBe('42')
    }
  },
  LIMIT_MS,
)
