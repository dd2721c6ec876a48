import { afterAll, describe, expect, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import { machineGems } from '../support/ruby-gems.ts'
import { isMissing, RUBY, runTool } from '../support/toolchain.ts'
import type { Cookies } from './support/browser-cookies.ts'
import { stateNamed } from './support/lives-through-rotations.ts'
import { type RubyAround, rubyApp } from './support/ruby-apps.ts'
import { startApp } from './support/running-app.ts'

/** What the pages of Ruby warn of: their own code, with the mistake made. */
const LIMIT_MS = 180_000
const gems = machineGems('rack', 'action_controller/railtie')
const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await removeFolder(folder)
})

async function visit(start: ReturnType<typeof rubyApp>, state: string, path: string, cookies: Cookies) {
  const app = await startApp(start, stateNamed(state))
  try {
    return await app.get(path, cookies)
  } finally {
    await app.stop()
  }
}

function mistaken(page: string, heading: string, around: RubyAround, from: string | RegExp, to: string) {
  const start = rubyApp(`docs/using/${page}.md`, heading, around, gems.env, (block) => {
    const changed = block.replace(from, to)
    expect(changed).not.toBe(block)
    return changed
  })
  folders.push(start.cwd)
  return start
}

describe.skipIf(isMissing(RUBY) || gems.missing !== undefined)('Rack 2 and Rails', () => {
  test('Rack 2 ignores `secrets:`, and takes a session that anybody made', {
    timeout: LIMIT_MS,
  }, async () => {
    const start = mistaken('sinatra-rack', 'Rack / By hand, Rack 2', 'rack', /secret: .*$/m, 'secrets: keys')
    const forge = "print [Marshal.dump({ 'session_id' => 'x', 'user' => 'mallory' })].pack('m0')"
    const forged = encodeURIComponent(runTool(RUBY, ['-e', forge]))
    expect(await visit(start, 'rotated once', '/visit', new Map([['login', forged]]))).toBe('mallory')
    // As the page has it, nobody.
    const right = rubyApp('docs/using/sinatra-rack.md', 'Rack / By hand, Rack 2', 'rack', gems.env)
    folders.push(right.cwd)
    expect(await visit(right, 'rotated once', '/visit', new Map([['login', forged]]))).toBe('nobody')
  })

  test('Rails without the rotations logs everybody out', { timeout: LIMIT_MS }, async () => {
    const rotations = /^ +names\.cookies_rotations\.rotate.*\n/gm
    const start = mistaken('rails', 'By hand', 'rails', rotations, '')
    const cookies: Cookies = new Map()
    await visit(start, 'fresh', '/login', cookies)
    expect(await visit(start, 'fresh', '/visit', new Map(cookies))).toBe('42')
    expect(await visit(start, 'rotated once', '/visit', new Map(cookies))).toBe('nobody')
  })
})
