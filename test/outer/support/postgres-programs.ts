import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Toolchain } from './toolchain.ts'

/** Where Debian keeps a folder for each version. */
const INSTALLED = '/usr/lib/postgresql'
const RUN_LIMIT_MS = 60_000

/** A whole Postgres with its tools: the embedded one has neither `pg_dump` nor `pg_basebackup`. */
export const POSTGRES: Toolchain = {
  program: programPath('postgres'),
  versionArgs: ['--version'],
  oldest: [15, 0],
  debianPackage: 'postgresql',
}

/** Postgres refuses to run as root; Debian's package brings a user for it. */
export const ACCOUNT = accountOf(process.getuid?.())

/** The path of a program of the newest Postgres that is installed. */
export function programPath(name: string): string {
  return join(INSTALLED, String(newestVersion() ?? 'none'), 'bin', name)
}

/** Runs a program of Postgres as the user of its servers. Throws with what it complained of. */
export function runProgram(path: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(path, args, {
    ...ACCOUNT,
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    encoding: 'utf8',
    timeout: RUN_LIMIT_MS,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${path} ended with ${status}: ${stderr}`)
  return stdout
}

function newestVersion(): number | undefined {
  try {
    return readdirSync(INSTALLED)
      .map(Number)
      .filter(Number.isInteger)
      .toSorted((a, b) => b - a)
      .at(0)
  } catch {
    return undefined
  }
}

function accountOf(uid: number | undefined): { uid?: number; gid?: number } {
  if (uid !== 0) return {}
  const [own, group] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], {
      encoding: 'utf8',
      timeout: RUN_LIMIT_MS,
    })
    return status === 0 ? Number(stdout) : undefined
  })
  return own && group ? { uid: own, gid: group } : {}
}
