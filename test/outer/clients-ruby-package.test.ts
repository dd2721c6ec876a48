import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { removeFolder } from '../support/remove-folder.ts'
import { describeRuby } from './support/minitest.ts'
import { packGem } from './support/packed-gem.ts'
import { machineGems, newerGems } from './support/ruby-gems.ts'
import { isMissing, RUBY } from './support/toolchain.ts'

const ANSWER_LIMIT_MS = 60_000
const frameworks = machineGems('minitest', 'rails', 'action_controller/railtie', 'sinatra/base')
const newer = await newerGems()
const packed = isMissing(RUBY) ? undefined : packGem()
afterAll(async () => {
  if (packed) await removeFolder(packed.folder)
})

describe.skipIf(!packed)('the packed gem', () => {
  test('holds its code, its program, README and licence, and nothing else', () => {
    const files = execFileSync('gem', ['contents', 'securekey', '--no-prefix'], {
      env: { ...process.env, ...packed?.env },
      encoding: 'utf8',
      timeout: ANSWER_LIMIT_MS,
    })
    const others = files
      .trim()
      .split('\n')
      .filter((name) => !/^lib\/securekey[/.]/.test(name))
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'exe/securekey'])
  })

  test('has no dependency', () => {
    const text = execFileSync('gem', ['specification', packed?.file ?? '', 'dependencies'], {
      encoding: 'utf8',
      timeout: ANSWER_LIMIT_MS,
    })
    expect(text.trim()).toBe('--- []')
  })

  test('brings a program that judges the keys of its environment', () => {
    const key = (digit: string) => digit.repeat(64)
    const result = spawnSync(join(packed?.home ?? '', 'bin/securekey'), ['check'], {
      env: { PATH: process.env.PATH, ...packed?.env, SECURE_KEY: `${key('A')},${key('B')}` },
      encoding: 'utf8',
      timeout: ANSWER_LIMIT_MS,
    })
    expect(result.stdout).toMatch(/^The keys of SECURE_KEY, newest first:\n/)
    expect(result.stderr).toContain('keyring-missing')
    expect(result.stdout + result.stderr).not.toContain(key('A'))
    expect(result.status).toBe(1)
  })
})

for (const [title, gems] of [
  ['the README with Rack 2, Sinatra 3 and Rails 6.1', frameworks],
  ['the README with Rack 3, Sinatra 4 and Rails 7.2', newer],
] as const) {
  describeRuby(title, ['readme_test.rb'], { ...gems, env: { ...gems.env, ...packed?.env } })
}
