import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import ours from '../../clients/heroku-cli/package.json' with { type: 'json' }
import { removeFolder } from '../support/remove-folder.ts'
import { blocksOf } from './snippets/support/page-blocks.ts'
import { cliEnvironment, herokuModules } from './support/heroku-cli.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const README = 'clients/heroku-cli/README.md'
const INSTALL_LIMIT_MS = 300_000
/** A process of the CLI takes some seconds, and more where others work on the machine. */
const TEST_LIMIT_MS = 300_000
const MOST_BYTES = 16 * 1024 * 1024
const NOBODY = 'http://127.0.0.1:1'
const run = promisify(execFile)
const modules = await herokuModules()

/** A copy of the repository in which somebody follows the README, and the environment of his shell. */
let copy = ''
let env: Record<string, string> = {}

/** The lines that the README says, in their order. */
const [install = '', link = ''] = blocksOf(README)
  .filter(({ heading }) => heading === 'Install it')
  .map(({ code }) => code)

beforeAll(async () => {
  if (!modules) return
  copy = mkdtempSync(join(tmpdir(), 'heroku-securekey-'))
  const plugin = join(copy, 'clients/heroku-cli')
  // As a clone has it: nothing installed, nothing built.
  const isMade = (path: string) => ['node_modules', 'dist'].includes(basename(path))
  cpSync(join(ROOT, 'clients/heroku-cli'), plugin, { recursive: true, filter: (path) => !isMade(path) })
  const home = join(copy, 'home')
  mkdirSync(join(copy, 'bin'))
  mkdirSync(home)
  const heroku = join(copy, 'bin/heroku')
  writeFileSync(
    heroku,
    `#!/bin/sh\nexec "${process.execPath}" "${join(modules.cli, 'heroku/bin/run.js')}" "$@"\n`,
  )
  chmodSync(heroku, 0o755)
  const shell = cliEnvironment(home, NOBODY)
  env = { ...shell, PATH: `${join(copy, 'bin')}:${shell.PATH}` }
  const online = { ...env, npm_config_prefer_offline: 'true', npm_config_cache: await npmCache() }
  await run('sh', ['-ec', install], { cwd: copy, env: online, timeout: INSTALL_LIMIT_MS })
  const offline = { ...env, npm_config_offline: 'true', npm_config_registry: NOBODY }
  await run('sh', ['-ec', link], { cwd: copy, env: offline, timeout: INSTALL_LIMIT_MS })
}, INSTALL_LIMIT_MS)
afterAll(async () => {
  if (copy) await removeFolder(copy)
})

describe.skipIf(!modules)(
  'the plugin, installed as its README says and linked without a network',
  { timeout: TEST_LIMIT_MS },
  () => {
    test('has a line in the README for each command, and no other', async () => {
      const { stdout } = await run('heroku', ['commands', '--json'], {
        cwd: copy,
        env,
        maxBuffer: MOST_BYTES,
      })
      const all = JSON.parse(stdout).map(({ id }: { id: string }) => id)
      const there = all.filter((id: string) => id.startsWith('securekey:'))
      const readme = readFileSync(join(ROOT, README), 'utf8')
      const rows = readme.split('\n').filter((line) => line.startsWith('| `securekey:'))
      const told = rows.flatMap((row) =>
        [...(row.split('|')[1] ?? '').matchAll(/`([a-z:-]+)`/g)].map(([, id]) => id),
      )
      expect(told.toSorted()).toEqual(there.filter(isOnce).toSorted())
    })

    test('is packed as built code, README and licence', async () => {
      const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: join(copy, 'clients/heroku-cli'),
        env,
      })
      const files: { path: string }[] = JSON.parse(stdout)[0].files
      const others = files.map(({ path }) => path).filter((path) => !/^dist\/[\w/-]+\.js$/.test(path))
      expect(others.toSorted()).toEqual(['LICENSE', 'README.md', 'package.json'])
      const sources = readdirSync(join(ROOT, 'clients/heroku-cli/src'), { recursive: true, encoding: 'utf8' })
      expect(files.length - others.length).toBe(sources.filter((path) => path.endsWith('.ts')).length)
    })

    test('uses the parts of the CLI in the versions that the CLI itself uses', () => {
      const cli = JSON.parse(readFileSync(join(modules?.cli ?? '', 'heroku/package.json'), 'utf8'))
      expect(cli.version).toMatch(/^11\./)
      expect(cli.dependencies).toMatchObject(ours.dependencies)
    })
  },
)

function isOnce(id: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(id) === index
}

/** The cache of whoever runs the tests: the home of the shell above is empty. */
async function npmCache(): Promise<string> {
  const { stdout } = await run('npm', ['config', 'get', 'cache'])
  return stdout.trim()
}
