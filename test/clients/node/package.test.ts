import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import ours from '../../../clients/node/package.json' with { type: 'json' }
import { removeFolder } from '../../support/remove-folder.ts'
import { DAY, entry, iso, keyringBody, keyText, PAIR } from './support/rings.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const RUN_LIMIT_MS = 60_000
const OLDEST_NODE = 20

/** The project of somebody who has installed the packed file into an empty folder. */
let project: string
let folder: string
type AnyNode = { version: string; node: string }
/** The Node that runs the tests, and the one of the machine if the package promises to run there. */
const nodes: AnyNode[] = [{ version: process.versions.node, node: process.execPath }, ...systemNodes()]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'packed-securekey-'))
  project = join(folder, 'app')
  mkdirSync(project)
  // Packed in a copy: `prepack` makes dist anew, which another test may be reading.
  cpSync(join(ROOT, 'clients/node'), join(folder, 'clients/node'), { recursive: true })
  cpSync(join(ROOT, 'tsconfig.json'), join(folder, 'tsconfig.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  run('npm', ['pack', '--pack-destination', project], { cwd: join(folder, 'clients/node') })
  unlinkSync(join(folder, 'node_modules'))
  rmSync(join(folder, 'tsconfig.json'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${ours.name}-${ours.version}.tgz`])
}, RUN_LIMIT_MS)
afterAll(() => removeFolder(folder))

test('the package installs without a network, brings no other, and runs no script at its installation', () => {
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    ours.name,
  ])
  expect(ours).not.toHaveProperty('dependencies')
  expect(Object.keys(ours.scripts)).toEqual(['prepack'])
})

test('it holds built code, its README and its licence, and no source', () => {
  const installed = join(project, 'node_modules', ours.name)
  expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
  const names = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
  expect(names).toContain('index.js')
  expect(names.filter((name) => !/\.(js|d\.ts)$/.test(name) && name.includes('.'))).toEqual([])
})

test.each(nodes)("the README's code runs as it stands there, with Node $version", ({ node }) => {
  const page = readFileSync(join(project, 'node_modules', ours.name, 'README.md'), 'utf8')
  const code = [...page.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, block]) => block)
  expect(code.length).toBeGreaterThan(3)
  writeFileSync(join(project, 'readme.js'), code.join('\n'))
  const printed = run(node, ['readme.js'], { env: { SECURE_KEY: PAIR, SECURE_KEYRING: keyringOfToday() } })
  expect(printed).toMatch(/^sk1\.[0-9a-f]{8}\.\d{10}\.dXNlci0xNw\.[\w-]{43}\n/)
  expect(printed).toContain("ok: true,\n  text: 'user-17',")
  expect(printed).toContain("{ ok: false, reason: 'bad-mac' }\n{ ok: false, reason: 'malformed' }\n2\n32\n")
})

test.each(nodes)('an app with a wrong SECURE_KEY does not start, with Node $version', ({ node }) => {
  writeFileSync(
    join(project, 'start.js'),
    "import { keyring } from 'securekey'\nkeyring()\nconsole.log('started')",
  )
  const { status, stdout, stderr } = spawn(node, ['start.js'], { env: { SECURE_KEY: `${PAIR} ` } })
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toContain("code: 'bad-key'")
  expect(stderr).toContain("variable: 'SECURE_KEY'")
  expect(stderr).toContain('place: 2')
  expect(stderr).not.toMatch(/[0-9A-F]{20}/)
})

test.each(nodes)(
  'two lines in an Express app keep a login over a rotation, with Node $version',
  ({ node }) => {
    for (const name of ['express', 'cookie-session']) {
      const link = join(project, 'node_modules', name)
      if (!existsSync(link)) symlinkSync(join(ROOT, 'node_modules', name), link)
    }
    writeFileSync(join(project, 'shop.js'), EXPRESS_APP)
    const visit = (version: number, path: string, cookie: string): Visit => {
      const env = { SECURE_KEY: `${keyText(version)},${keyText(version - 1)}` }
      return JSON.parse(run(node, ['--no-warnings', 'shop.js', path, cookie], { env }))
    }
    const login = visit(5, '/login', '')
    expect(login.text).toBe('welcome')
    const next = visit(6, '/', login.cookie)
    expect(next.text).toBe('user-17')
    expect(visit(7, '/', next.cookie).text).toBe('user-17')
    expect(visit(7, '/', login.cookie).text).toBe('nobody')
  },
)

test.each(nodes)(
  'a CommonJS app gets it by require, and by import() if that is refused, with Node $version',
  ({ node }) => {
    const app = (line: string) =>
      `async function start() { ${line}; console.log(keyring().keys.length) }\nstart()`
    writeFileSync(join(project, 'required.cjs'), app("const { keyring } = require('securekey')"))
    writeFileSync(join(project, 'imported.cjs'), app("const { keyring } = await import('securekey')"))
    const env = { SECURE_KEY: PAIR, SECURE_KEYRING: keyringOfToday() }
    expect(run(node, ['imported.cjs'], { env })).toBe('2\n')
    // Before 20.19 there is nothing to turn off.
    if (run(node, ['-p', 'process.features.require_module'], {}).trim() !== 'true') return
    expect(run(node, ['required.cjs'], { env })).toBe('2\n')
    expect(run(node, ['--no-experimental-require-module', 'imported.cjs'], { env })).toBe('2\n')
  },
)

test.each(nodes)(
  'a process asks for newer keys, and ends when it has nothing else to do, with Node $version',
  ({ node }) => {
    writeFileSync(
      join(project, 'live.js'),
      "import { keyring } from 'securekey'\nconst ring = keyring({ refresh: true, onWarning: () => {} })\nawait ring.ready()\nconsole.log(ring.stats().refresh.failure)",
    )
    const env = { SECURE_KEY: PAIR, SECURE_KEY_URL: 'http://127.0.0.1:1/v1', SECURE_KEY_TOKEN: 'sk_api_x' }
    expect(run(node, ['live.js'], { env })).toBe('unreachable\n')
  },
)

test.each(nodes)(
  'the hand-over says that it needs jose, and works with it, with Node $version',
  ({ node }) => {
    const options = { url: 'http://127.0.0.1:1/v1', client: 'sk_client_0123456789abcdef_x', keys: PAIR }
    writeFileSync(
      join(project, 'outside.js'),
      `import { handOver } from 'securekey/hand-over'
try {
  const outside = await handOver({ ...${JSON.stringify(options)}, onKeys: () => {} })
  console.log((await outside.ask()).reason)
} catch (error) {
  console.log(error.code)
}`,
    )
    rmSync(join(project, 'node_modules/jose'), { force: true })
    expect(run(node, ['outside.js'], {})).toBe('missing-package\n')
    symlinkSync(join(ROOT, 'node_modules/jose'), join(project, 'node_modules/jose'))
    expect(run(node, ['outside.js'], {})).toBe('unreachable\n')
  },
)

test('npx securekey check runs from the package, and ends with 0, 1 and 2', () => {
  const check = (env: Record<string, string>) => spawn('npx', ['--offline', 'securekey', 'check'], { env })
  expect(check({ SECURE_KEY: PAIR, SECURE_KEYRING: keyringOfToday() })).toMatchObject({
    status: 0,
    stderr: '',
  })
  expect(check({ SECURE_KEY: PAIR })).toMatchObject({ status: 1, stdout: expect.stringContaining('sign') })
  expect(check({})).toMatchObject({ status: 2, stdout: '', stderr: 'SECURE_KEY is not set (missing)\n' })
})

test('its types hold what an app may write, and refuse what it may not', () => {
  mkdirSync(join(project, 'node_modules', '@types'), { recursive: true })
  for (const name of ['@types/node', 'undici-types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
  }
  writeFileSync(join(project, 'app.ts'), TYPED_APP)
  const flags = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--module',
    'nodenext',
    '--types',
    'node',
  ]
  const { status, stdout } = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags, 'app.ts'],
    {},
  )
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
})

type Visit = { text: string; cookie: string }

/** Visits itself once: the path and the cookies are its arguments. */
const EXPRESS_APP = `
import cookieSession from 'cookie-session'
import express from 'express'
import { keyring } from 'securekey'

const app = express()
app.use(keyring().cookieSession(cookieSession, { maxAge: 3_600_000 }))
app.get('/login', (request, response) => {
  request.session.user = 'user-17'
  response.send('welcome')
})
app.get('/', (request, response) => response.send(request.session.user ?? 'nobody'))

const [path, cookie] = process.argv.slice(2)
const server = app.listen(0, '127.0.0.1', async () => {
  const response = await fetch('http://127.0.0.1:' + server.address().port + path, { headers: { cookie } })
  const cookies = response.headers.getSetCookie().map((each) => each.split(';')[0])
  console.log(JSON.stringify({ text: await response.text(), cookie: cookies.join('; ') }))
  server.close()
  server.closeAllConnections()
})
`

const TYPED_APP = `
import { type ErrorCode, keyring, type Keyring, type KeyringOptions, SecureKeyError, type Verdict } from 'securekey'

const options: KeyringOptions = { var: 'SERVICE_ONE_SECURE_KEY', settle: 0, maxLife: '7d', onStale: (kid) => kid.length }
const keys: Keyring = keyring(options)
keyring({ value: process.env.OTHER, env: process.env })
const verdict: Verdict = keys.verify({ anything: 1 }, { purpose: 'login' })
if (verdict.ok) verdict.text.length + verdict.expiresAt.getTime()
else verdict.reason.length
try {
  keyring()
} catch (error) {
  if (error instanceof SecureKeyError) { const code: ErrorCode = error.code; code.length }
}
const list: string[] = keys.secrets({ life: '12h' })
const bytes: Uint8Array[] = keys.secretBuffers()
list.length + bytes.length
// @ts-expect-error: a purpose is needed
keys.sign('x', { expiresIn: '1h' })
// @ts-expect-error: so is an end
keys.sign('x', { purpose: 'login' })
// @ts-expect-error: only a text is signed
keys.sign(17, { purpose: 'login', expiresIn: '1h' })
// @ts-expect-error: no text before it is known to be good
keys.verify('x', { purpose: 'login' }).text
// @ts-expect-error: no such option
keyring({ vars: 'SECURE_KEY' })
`

/** Of a rotation a moment ago: the process that reads it is in its settle time. */
function keyringOfToday(): string {
  const now = Date.now()
  const keys = [entry.sign(5), entry.verify(4, now + 14 * DAY)]
  return JSON.stringify(
    keyringBody({ keys, rotated_at: iso(now - 1_000), next_rotation_at: iso(now + 14 * DAY) }),
  )
}

/** The Node of the machine, if it can be used: not the one that npm scripts find first. */
function systemNodes(): AnyNode[] {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const PATH = folders.filter((each) => !each.includes('node_modules')).join(delimiter)
  const asked = spawnSync('node', ['-p', 'process.execPath + " " + process.versions.node'], {
    env: { PATH },
    encoding: 'utf8',
  })
  const [path = '', version = ''] = (asked.stdout ?? '').trim().split(' ')
  if (Number.parseInt(version, 10) >= OLDEST_NODE && path !== process.execPath)
    return [{ version, node: path }]
  console.warn(
    `Skipped: the package with another Node than ${process.version}; the machine has no Node ${OLDEST_NODE} or later.`,
  )
  return []
}

type Where = { cwd?: string; env?: Record<string, string> }

function spawn(program: string, args: string[], { cwd = project, env = {} }: Where) {
  const { PATH = '', HOME = '' } = process.env
  const options = { cwd, env: { PATH, HOME, ...env }, encoding: 'utf8', timeout: RUN_LIMIT_MS } as const
  const { status, stdout, stderr, error } = spawnSync(program, args, options)
  if (error) throw error
  return { status, stdout, stderr }
}

/** Runs a program to its end; what it printed, or an error with it. */
function run(program: string, args: string[], where: Where = {}): string {
  const { status, stdout, stderr } = spawn(program, args, where)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}
