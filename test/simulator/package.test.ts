import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import ours from '../../simulator/package.json' with { type: 'json' }
import { removeFolder } from '../support/remove-folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SIMULATOR = join(ROOT, 'simulator')
const RUN_LIMIT_MS = 60_000

/** A project of somebody else's, with the package in it as npm would unpack it. */
let project: string
let installed: string

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'other-addon-'))
  installed = join(project, 'node_modules', ours.name)
  run('npm', ['pack', '--pack-destination', project], SIMULATOR)
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', `${ours.name}-${ours.version}.tgz`, '-C', installed, '--strip-components=1'], project)
  for (const name of Object.keys(ours.dependencies)) {
    const link = join(project, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), link)
  }
})
afterAll(() => removeFolder(project))

test('the package holds built code, its README and its licence, and no source', () => {
  expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
  const names = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
  expect(names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([])
})

test('its program runs from the package', () => {
  const program = join(installed, ours.bin['heroku-addon-simulator'])
  expect(run(process.execPath, [program, '--help'], project)).toContain('--manifest FILE')
})

test("the README's example of a test passes", () => {
  const [, example = ''] =
    /```js\n([\s\S]*?)```/.exec(readFileSync(join(installed, 'README.md'), 'utf8')) ?? []
  writeFileSync(join(project, 'addon.test.mjs'), example.replace('./my-service.js', './my-service.mjs'))
  writeFileSync(join(project, 'my-service.mjs'), MY_SERVICE)
  writeFileSync(join(project, 'addon-manifest.json'), JSON.stringify(MANIFEST))
  expect(run(process.execPath, ['--test', 'addon.test.mjs'], project)).toMatch(/pass 1\b[\s\S]*fail 0\b/)
})

const MANIFEST = {
  id: 'fast-db',
  api: {
    config_vars: ['FAST_DB_URL'],
    password: 'password',
    sso_salt: 'salt',
    test: { base_url: 'http://localhost:4567/heroku/resources', sso_url: 'http://localhost:4567/sso' },
  },
}

const MY_SERVICE = `
import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

export async function startMyService() {
  const server = createServer(async (request, response) => {
    const { uuid } = await json(request)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id: uuid, config: { FAST_DB_URL: 'postgres://db/1' } }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = 'http://127.0.0.1:' + server.address().port
  return { url, close: () => server.close() }
}
`

/** Runs a program to its end; what it printed, or an error with it. */
function run(program: string, args: string[], cwd: string): string {
  const { PATH = '', HOME = '' } = process.env
  const options = { cwd, env: { PATH, HOME }, encoding: 'utf8', timeout: RUN_LIMIT_MS } as const
  const { status, stdout, stderr, error } = spawnSync(program, args, options)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? ''}${stdout}${stderr}`)
  return stdout
}
