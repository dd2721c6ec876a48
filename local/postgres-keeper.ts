import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { copyPattern, dropPattern, keepPattern, patternOf } from './cluster-pattern.ts'
import { type KeeperOrder, logTail } from './postgres.ts'
import { giveTo } from './postgres-home.ts'

/*
 * The process that owns one local Postgres. It says `ready` (or why not) on its standard output and stops
 * Postgres when its standard input closes, however that came about.
 */

const POLL_MS = 25
const READY_LIMIT_MS = 90_000
const HELD_LIMIT_MS = 4_000
const STOP_LIMIT_MS = 10_000

const INITDB_ARGUMENTS = [
  '--username=postgres',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--no-sync',
  '--no-instructions',
  // The password is random: stretching it would only slow down every connection of every test.
  ...['--set', 'scram_iterations=1'],
]

const order: KeeperOrder = JSON.parse(process.argv[2] ?? '')
const data = join(order.home, 'data')
const logFile = join(order.home, 'postgres.log')
const password = join(order.home, 'password')
const pattern = order.patterns ? patternOf(order.patterns, order.initdb, INITDB_ARGUMENTS) : undefined

const letGo = new AbortController()
process.stdin.on('end', () => letGo.abort()).on('error', () => letGo.abort())
process.stdin.resume()
process.on('SIGTERM', () => letGo.abort())
process.stdout.on('error', () => {})

let postgres: ChildProcess | undefined
let logStarted = false
try {
  await refuseForeignData()
  await waitUntilFree()
  await initialise()
  postgres = await start(order.postgres, ['-D', data, ...serverFlags()])
  await waitUntilReady(postgres)
  process.stdout.write('ready\n')
  if (!letGo.signal.aborted) await Promise.race([once(letGo.signal, 'abort'), once(postgres, 'exit')])
} catch (error) {
  if (!letGo.signal.aborted) {
    // It was kept without waiting for the disk: after a power cut it may be damaged.
    if (pattern) dropPattern(pattern)
    // The log of a run that is not ours explains nothing.
    const log = logStarted ? await readFile(logFile, 'utf8').catch(() => '') : ''
    process.stdout.write(`${error instanceof Error ? error.message : error}\n${logTail(log)}\n`)
    process.exitCode = 1
  }
} finally {
  if (postgres) await stop(postgres)
  if (!order.persistent) await rm(order.home, { recursive: true, force: true, maxRetries: 5 })
}
process.exit()

function serverFlags(): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(order.port),
    // Loopback only: a socket file would need one more folder that both users can enter.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
  }
  return [...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]), ...order.flags]
}

async function refuseForeignData(): Promise<void> {
  const found = await stat(data).catch(() => undefined)
  const expected = order.account.uid ?? process.getuid?.()
  if (found && found.uid !== expected) {
    throw new Error(`${data} was made by another user: start as that user, or remove the folder.`)
  }
}

/** Postgres alone decides who gets the folder; this only waits for an earlier run and tells what is wrong. */
async function waitUntilFree(): Promise<void> {
  for (let waited = 0; ; waited += POLL_MS) {
    const holder = await readPidFile()
    if (!holder) return
    if (!(await isOurPostgres(holder.pid))) {
      // Left behind by a crash. Its number may belong to another program by now, so Postgres cannot tell.
      await rm(join(data, 'postmaster.pid'), { force: true })
      return
    }
    const limit = holder.status === 'stopping' ? STOP_LIMIT_MS : HELD_LIMIT_MS
    if (waited > limit) {
      throw new Error(`Another run uses ${order.home}. Stop it first; if there is none: kill ${holder.pid}`)
    }
    await sleep(POLL_MS, undefined, { signal: letGo.signal })
  }
}

/** Initialises beside the final place and renames: an interrupted first run leaves nothing half made. */
async function initialise(): Promise<void> {
  if (await exists(join(data, 'PG_VERSION'))) return
  if (pattern && copyPattern(pattern, order.home, order.account)) return
  await writeFile(password, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error
  })
  await giveTo(order.account, password)
  const fresh = `${data}.new-${process.pid}`
  await mkdir(fresh, { mode: 0o700 })
  await giveTo(order.account, fresh)
  try {
    const made = await start(order.initdb, [`--pgdata=${fresh}`, `--pwfile=${password}`, ...INITDB_ARGUMENTS])
    const signal = AbortSignal.any([letGo.signal, limit()])
    const [code] = await once(made, 'exit', { signal }).finally(() => made.kill())
    if (code !== 0) throw new Error(`Postgres could not be initialised in ${data}.`)
    await rename(fresh, data).catch(async (error) => {
      if (!(await exists(join(data, 'PG_VERSION')))) throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true, maxRetries: 5 })
  }
  if (pattern) keepPattern(pattern, order.home)
}

async function waitUntilReady(server: ChildProcess): Promise<void> {
  const deadline = limit()
  while (!deadline.aborted) {
    if (server.exitCode !== null || server.signalCode !== null) throw new Error('Postgres did not start.')
    const state = await readPidFile()
    if (state?.pid === server.pid && state?.status === 'ready') return
    await sleep(POLL_MS, undefined, { signal: letGo.signal })
  }
  throw new Error(`Postgres was not ready within ${READY_LIMIT_MS / 1000} s.`)
}

async function stop(server: ChildProcess): Promise<void> {
  // Fast (roll back, write everything down), then immediate, then by force. Nobody needs a temporary one's data.
  const signals: NodeJS.Signals[] = order.persistent
    ? ['SIGINT', 'SIGQUIT', 'SIGKILL']
    : ['SIGQUIT', 'SIGKILL']
  for (const signal of signals) {
    if (server.exitCode !== null || server.signalCode !== null) return
    const exit = once(server, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) })
    server.kill(signal)
    await exit.catch(() => {})
  }
}

async function start(program: string, args: string[]): Promise<ChildProcess> {
  const log = await open(logFile, logStarted ? 'a' : 'w')
  logStarted = true
  try {
    const child = spawn(program, args, {
      ...order.account,
      cwd: order.home,
      stdio: ['ignore', log.fd, log.fd],
    })
    await once(child, 'spawn')
    return child
  } finally {
    await log.close()
  }
}

/** The lines of postmaster.pid are fixed: the first is the process, the eighth its state. */
async function readPidFile(): Promise<{ pid: number; status: string } | undefined> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  return pid > 0 ? { pid, status: lines[7]?.trim() ?? '' } : undefined
}

async function isOurPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
  // Without /proc the number has to do.
  return commandLine === undefined || commandLine.includes(data)
}

function limit(): AbortSignal {
  return AbortSignal.timeout(READY_LIMIT_MS)
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
