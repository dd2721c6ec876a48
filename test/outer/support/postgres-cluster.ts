import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pickPort } from '../../../local/ports.ts'
import { withAdmin } from '../../support/admin.ts'
import { removeFolder } from '../../support/remove-folder.ts'
import { ACCOUNT, programPath, runProgram } from './postgres-programs.ts'

/** The files of a Postgres server. */
export type Files = { dataDir: string; remove: () => Promise<void> }

/** A running Postgres server of its own. */
export type Cluster = Files & {
  port: number
  url: (database: string) => string
  /** A clean shutdown; clients are disconnected. */
  stop: () => Promise<void>
  /** All its processes are gone at once, as after a power cut. */
  kill: () => Promise<void>
  /** All its processes stand still: sockets stay open, and nobody answers. */
  freeze: () => void
}

const READY_LIMIT_MS = 60_000
const POLL_MS = 20

// Nothing here has to survive a power cut of the machine, and two clusters share it with the rest of a test.
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'fsync=off',
  'max_connections=60',
  'shared_buffers=16MB',
  'autovacuum=off',
  'wal_level=replica',
  'wal_receiver_status_interval=1',
].flatMap((setting) => ['-c', setting])

/** Runs a server until its standard input closes, which it does when we are gone, however that came about. */
const KEEPER = '"$0" "$@" </dev/null & pid=$!; echo $pid; read -r _; kill -INT $pid; wait $pid'

/** A folder for the files of a server; whoever makes it removes it. */
export function newFolder(): Files {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-cluster-'))
  const { uid, gid } = ACCOUNT
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  return { dataDir: join(folder, 'data'), remove: () => removeFolder(folder) }
}

/** The files of a new server: a system identifier that no other has. */
export function newCluster(): Files {
  const files = newFolder()
  const access = ['--username=postgres', '--auth=trust']
  // Small segments of the log, so that there is less to copy.
  const form = ['--encoding=UTF8', '--no-locale', '--wal-segsize=1', '--no-sync']
  runProgram(programPath('initdb'), ['-D', files.dataDir, ...access, ...form])
  return files
}

/** A copy of the files of a server that does not run. */
export function copyOf({ dataDir }: Files): Files {
  const files = newFolder()
  runProgram('cp', ['-a', dataDir, files.dataDir])
  return files
}

/** A copy of the files of a server that runs: of a standby, one that follows it under the name `standby`. */
export function baseBackupOf({ port }: Cluster, { standby = false } = {}): Files {
  const files = newFolder()
  const source = `host=127.0.0.1 port=${port} user=postgres application_name=standby`
  const follow = standby ? ['--write-recovery-conf'] : []
  runProgram(programPath('pg_basebackup'), [
    '-d',
    source,
    '-D',
    files.dataDir,
    '--checkpoint=fast',
    '--no-sync',
    ...follow,
  ])
  return files
}

/** Starts a server on these files, and returns when it answers. */
export async function startCluster(files: Files, given?: { port: number }): Promise<Cluster> {
  const port = given?.port ?? (await pickPort(undefined)).port
  const args = [programPath('postgres'), '-D', files.dataDir, '-p', String(port), ...SETTINGS]
  const keeper = spawn('/bin/sh', ['-c', KEEPER, ...args], {
    ...ACCOUNT,
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  keeper.stdin.on('error', () => {})
  let log = ''
  keeper.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-4_000)
  })
  const ended = once(keeper, 'close')
  const [first] = await once(keeper.stdout, 'data')
  const pid = Number(String(first).trim())
  const cluster: Cluster = {
    ...files,
    port,
    url: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    async stop() {
      keeper.stdin.end()
      await ended
    },
    async kill() {
      signalAll(pid, 'SIGKILL')
      keeper.stdin.end()
      await ended
    },
    freeze: () => signalAll(pid, 'SIGSTOP'),
  }
  if (await isReady(cluster)) return cluster
  await cluster.kill()
  throw new Error(`Postgres was not ready within ${READY_LIMIT_MS / 1_000} s:\n${log}`)
}

/** The server and its children, which it starts each in a session of its own. The parent first: it starts no more. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  for (const each of [pid, ...childrenOf(pid)]) {
    try {
      process.kill(each, signal)
    } catch {
      // One that has just ended.
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

async function isReady({ url }: Cluster): Promise<boolean> {
  const until = performance.now() + READY_LIMIT_MS
  while (performance.now() < until) {
    const client = new pg.Client({ connectionString: url('postgres'), connectionTimeoutMillis: 2_000 })
    client.on('error', () => {})
    const answers = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => {})
    if (answers) return true
    await sleep(POLL_MS)
  }
  return false
}

/** Runs one statement in a database of a server. */
export async function query<Row extends object>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return await withAdmin(url, async (client) => (await client.query(text, [...values])).rows)
}

/** Makes a standby the primary: it begins a new timeline. */
export async function promote({ url }: Cluster): Promise<void> {
  await query(url('postgres'), 'select pg_promote(true, 30)')
}

/** Writes a database to a file, as `pg_dump` does for a backup. */
export function dumpTo(file: string, url: string): void {
  runProgram(programPath('pg_dump'), ['--format=custom', `--file=${file}`, url])
}

/** Reads such a file into a database; `clean` drops first what is there. */
export function restoreFrom(file: string, url: string, { clean = false } = {}): void {
  const first = clean ? ['--clean', '--if-exists'] : []
  runProgram(programPath('pg_restore'), [...first, '--exit-on-error', `--dbname=${url}`, file])
}
