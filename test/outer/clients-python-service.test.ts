import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { endTokens } from '../../src/flows/tokens/tokens.ts'
import { type ApiHarness, startApi } from '../api/support/api.ts'
import { ANN, tokenOf } from '../api/support/token.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { CLIENT_PYTHON } from './support/python-tests.ts'
import { isMissing } from './support/toolchain.ts'

const PROGRAM = fileURLToPath(new URL('../../clients/python/tests/told_when.py', import.meta.url))
const LINE_LIMIT_MS = 45_000

type Told = Record<string, unknown>

/** A process of Python with the config vars of the app as of now. Each call is one request, at the time of the harness. */
async function livePython(h: ApiHarness) {
  const { SECURE_KEY = '', SECURE_KEYRING = '' } = h.heroku.view.configVars('service-1')
  const { text } = await tokenOf(h, ['keyring'])
  const own = { SECURE_KEY, SECURE_KEYRING, SECURE_KEY_URL: `${h.url}/v1`, SECURE_KEY_TOKEN: text }
  const process = spawn(CLIENT_PYTHON.program, ['-B', PROGRAM, String(h.clock.now().getTime())], {
    env: { PATH: globalThis.process.env.PATH, HEROKU_APP_NAME: 'service-1', ...own },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    process.stdin.end()
    if (process.exitCode === null) await once(process, 'close')
  })
  const lines = createInterface({ input: process.stdout })
  return async (): Promise<Told> => {
    const line = once(lines, 'line', { signal: AbortSignal.timeout(LINE_LIMIT_MS) })
    process.stdin.write(`${h.clock.now().getTime()}\n`)
    return JSON.parse(String((await line)[0]))
  }
}

describe.skipIf(isMissing(CLIENT_PYTHON))('a process of Python that asks the service', () => {
  test('follows a rotation and a revoke, says which key it signs with, and stops when its token ends', async () => {
    const h = await startApi()
    const ask = await livePython(h)
    const reader = await h.callerWith('read')
    const present = () => JSON.parse(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '').keys[0].kid
    const first = present()

    expect(await ask()).toMatchObject({ state: 'fresh', taken: 1, check_ins: 1, kid: first })
    expect(await ask()).toMatchObject({ state: 'fresh', taken: 1, unchanged: 1, knows_before: true })

    h.clock.advance(10 * DAY)
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
    await h.worker1.tick()
    h.clock.advance(MINUTE)
    expect(present()).not.toBe(first)
    expect(await ask()).toMatchObject({ state: 'fresh', taken: 2, kid: present(), knows_before: true })
    const { body } = await reader('GET', '/resource')
    expect(body).toMatchObject({
      apps: [{ name: 'service-1', check_ins: [{ process: 'web.1', signs_with: present(), fresh: true }] }],
    })

    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: true })
    const meanwhile = await ask()
    expect(meanwhile).toMatchObject({ state: 'revoked', knows_before: false, reason: 'revoke' })
    expect(meanwhile.kid).not.toBe(present())
    await h.worker1.tick()
    expect(await ask()).toMatchObject({ state: 'fresh', taken: 3, kid: present(), knows_before: false })

    await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN })
    expect(await ask()).toMatchObject({ state: 'stopped', stopped: 'unauthenticated', kid: present() })
  })
})
