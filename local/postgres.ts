import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, findPostgresHome } from './postgres-home.ts'

/** A running local Postgres: `url` has all rights; `stop` ends it (and removes it, unless it is persistent). */
export type LocalPostgres = { url: string; dataDir: string; stop(): Promise<void> }

/**
 * `flags` are handed to `postgres` as they are, e.g. `['-c', 'fsync=off']`; `log` takes sentences for people.
 * `inMemory` keeps the files in memory where there is room for them. `patterns` is a folder in which a new cluster is
 * kept, for the next temporary one to be copied from.
 */
export type LocalPostgresOptions = {
  port?: number
  flags?: readonly string[]
  log?: (line: string) => void
} & ({ persistent: true; dataDir: string } | { persistent: false; inMemory?: boolean; patterns?: string })

/** What the keeper process is told (its only argument, as JSON). */
export type KeeperOrder = {
  home: string
  account: Account
  initdb: string
  postgres: string
  port: number
  flags: readonly string[]
  persistent: boolean
  patterns?: string
}

const READY_LIMIT_MS = 120_000
const STOP_LIMIT_MS = 40_000
const LOG_TAIL_LINES = 15

/**
 * Starts the embedded Postgres, and initialises it first if it is new.
 *
 * Postgres is the child of a small keeper process (`postgres-keeper.ts`) which stops it when the pipe from this
 * process closes. So `stop()`, Ctrl-C, `process.exit` and `kill -9` all end in the same clean stop, and Ctrl-C
 * in the terminal does not reach Postgres before our own processes have let go of it.
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const wanted = options.persistent ? { dataDir: options.dataDir } : { inMemory: options.inMemory ?? false }
  const { home, account, programs } = await findPostgresHome(wanted, options.log ?? (() => {}))
  const port = options.port ?? (await freePort())
  const order: KeeperOrder = {
    home,
    account,
    ...programs,
    port,
    flags: options.flags ?? [],
    persistent: options.persistent,
    ...(!options.persistent && options.patterns ? { patterns: options.patterns } : {}),
  }
  const keeper = spawn(
    process.execPath,
    [fileURLToPath(new URL('./postgres-keeper.ts', import.meta.url)), JSON.stringify(order)],
    // A session of its own: the terminal's Ctrl-C and hang-up are for us, not for the keeper.
    { cwd: '/', detached: true, env: keeperEnvironment(), stdio: ['pipe', 'pipe', 'ignore'] },
  )
  keeper.stdin.on('error', () => {})
  const answer = await firstLine(keeper)
  if (answer !== 'ready') {
    await end(keeper)
    throw new Error(answer)
  }
  const password = await readFile(join(home, 'password'), 'utf8')
  // An unfinished run of ours must not be kept alive by its database.
  keeper.unref()
  for (const pipe of [keeper.stdin, keeper.stdout]) if (pipe instanceof Socket) pipe.unref()

  let ended: Promise<void> | undefined
  return {
    url: `postgres://postgres:${password.trim()}@127.0.0.1:${port}/postgres`,
    dataDir: home,
    stop() {
      ended ??= end(keeper)
      return ended
    },
  }
}

/** The last lines of a Postgres log, for an error message. */
export function logTail(text: string): string {
  return text.trim().split('\n').slice(-LOG_TAIL_LINES).join('\n')
}

/** The first line the keeper says: `ready`, or a sentence why not. */
async function firstLine(keeper: ChildProcess): Promise<string> {
  const limit = AbortSignal.timeout(READY_LIMIT_MS)
  let text = ''
  keeper.stdout?.on('data', (chunk) => {
    text += chunk
  })
  try {
    // `close` comes when the keeper is gone and all it said is read.
    const said = new Promise<void>((resolve) => {
      keeper.stdout?.on('data', () => text.startsWith('ready\n') && resolve())
    })
    await Promise.race([said, once(keeper, 'close', { signal: limit })])
  } catch (error) {
    return limit.aborted ? `Postgres was not ready within ${READY_LIMIT_MS / 1000} s.` : String(error)
  }
  return text.trim() || 'The process that keeps Postgres ended without a word.'
}

async function end(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return
  keeper.ref()
  const exit = once(keeper, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) })
  keeper.stdin?.end()
  await exit.catch(() => {
    keeper.kill('SIGKILL')
    throw new Error(`Postgres did not stop within ${STOP_LIMIT_MS / 1000} s.`)
  })
}

/** Only what is needed: PG* variables and locales of the surrounding shell must not change this Postgres. */
function keeperEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot } = process.env
  return { LC_ALL: 'C', ...(PATH && { PATH }), ...(SystemRoot && { SystemRoot }) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port was found.')
  return address.port
}
