import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import type { Scope } from '../../../src/domain/api-token.ts'
import { tokenOf } from '../../api/support/token.ts'
import { type HarnessWithAddon, keysOn, startWithAddon } from '../../support/addon.ts'
import { signedIn } from '../../support/browser.ts'
import { removeFolder } from '../../support/remove-folder.ts'
import { kindsOf, stateOf } from '../../support/resource.ts'
import { CURL, isMissing, PYTHON, RUBY } from '../support/toolchain.ts'
import { linesOnPage } from './support/lines-on-page.ts'

/** The service runs in this process, so the programs run beside it, and each has an end. */
const run = promisify(execFile)
const LIMIT_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'securekey-script-'))
afterAll(() => removeFolder(folder))

/** The add-on, and the lines of its own page in one language. The service listens elsewhere than its address says. */
async function startWithLines(id: string) {
  const h = await startWithAddon()
  const browser = await signedIn(h, { addon: h.addon.name })
  const { code, needs } = linesOnPage((await browser.get(`${browser.base}/script`)).text, id)
  expect(code).toContain(`${h.config.addonUrl}/v1`)
  const { text } = await tokenOf(h, needs as Scope[])
  return { ...h, code: code.replaceAll(h.config.addonUrl, h.url), token: text }
}

async function ran(
  { token }: { token: string },
  [program, ...args]: [string, ...string[]],
  env: Record<string, string> = {},
): Promise<string> {
  const options = {
    cwd: folder,
    timeout: LIMIT_MS,
    env: { PATH: process.env.PATH, SECUREKEY_TOKEN: token, ...env },
  }
  return (await run(program, args, options)).stdout
}

const requestsOf = async (h: HarnessWithAddon) =>
  (await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'rotation-requested').length

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the lines of the page “Use it from a script”, with the scopes that stand there, do what stands there', {
  timeout: 3 * LIMIT_MS,
}, () => {
  test.skipIf(isMissing(CURL))('curl', async () => {
    const h = await startWithLines('curl')
    const printed = await ran(h, ['sh', '-e', file('lines.sh', `${h.code}\necho\n${h.code.split('\n')[1]}`)])
    expect(printed).toContain(`"name":"${h.addon.name}"`)
    expect(printed).toContain('"outcome":"requested"')
    expect(printed).toContain('"outcome":"repeated"')
    expect(await requestsOf(h)).toBe(1)
    await expect(
      ran({ token: `${h.token.slice(0, -1)}x` }, ['sh', '-e', file('lines.sh', h.code)]),
    ).rejects.toThrow()
  })

  test('Node', async () => {
    const h = await startWithLines('node')
    // What it waits for is there at once.
    const code = h.code.replace('5_000', '20')
    expect(code).not.toBe(h.code)
    const printing = ran(h, [process.execPath, file('lines.mjs', code)])
    await expect.poll(() => requestsOf(h), { timeout: LIMIT_MS }).toBe(1)
    await h.worker1.tick()
    const { keyset } = await stateOf(h.deps, h.addon.id)
    expect(keyset.current).toBe(3)
    expect(await printing).toMatch(/^done [0-9a-f]{8}\n$/)
    const refused = ran(h, [process.execPath, file('lines.mjs', code)])
    await expect(refused).rejects.toThrow('Error: The current key is very new. Some apps')
  })

  test('Node, where a revoke came instead: it ends with 1', async () => {
    const h = await startWithLines('node')
    const ending = ran(h, [process.execPath, file('lines.mjs', h.code.replace('5_000', '20'))])
    const ended = expect(ending).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^superseded /),
    })
    await expect.poll(() => requestsOf(h), { timeout: LIMIT_MS }).toBe(1)
    const { text } = await tokenOf(h, ['revoke'])
    const answer = await fetch(`${h.url}/v1/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
      body: JSON.stringify({ confirm: h.addon.id }),
    })
    expect(answer.status).toBe(202)
    await ended
  })

  test.skipIf(isMissing(RUBY))('Ruby', async () => {
    const h = await startWithLines('ruby')
    const { first, second } = keysOn(h)
    const program = file('lines.rb', h.code)
    expect(await ran(h, [RUBY.program, program], { SECURE_KEY: `${first},${second}` })).toBe('current\n')
    expect(await ran(h, [RUBY.program, program], { SECURE_KEY: 'another,two' })).toBe('unknown\n')
  })

  test.skipIf(isMissing(PYTHON))('Python', async () => {
    const h = await startWithLines('python')
    const program = file('lines.py', h.code)
    expect(await ran(h, [PYTHON.program, program])).toBe('service-1 current\n')
    await rotate(h)
    const printed = await ran(h, [PYTHON.program, program])
    expect(printed).toMatch(/^service-1 current\naccepted until \d{4}-\d\d-\d\dT[\d:.]+Z\n$/)
  })

  test.skipIf(isMissing(RUBY) || isMissing(CURL))('GitHub Actions', async () => {
    const h = await startWithLines('github')
    const read = 'require "yaml"; require "json"; puts JSON.generate(YAML.safe_load(File.read(ARGV[0])))'
    const workflow = JSON.parse(await ran(h, [RUBY.program, '-e', read, file('rotate.yml', h.code)]))
    const [step] = workflow.jobs.rotate.steps
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is GitHub's.
    expect(step.env).toEqual({ SECUREKEY_TOKEN: '${{ secrets.SECUREKEY_TOKEN }}' })
    // As a runner does it.
    const printed = await ran(h, ['bash', '-e', file('run.sh', step.run)], { GITHUB_RUN_ID: '7' })
    expect(printed).toContain('"outcome":"requested"')
    expect(await requestsOf(h)).toBe(1)
  })
})

async function rotate(h: HarnessWithAddon): Promise<void> {
  h.clock.advance(14 * 86_400_000)
  await h.worker1.tick()
}
