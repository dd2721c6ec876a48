import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Account } from './postgres-home.ts'

/** A freshly initialised cluster that is kept and copied: `home` holds its `data` and its `password`. */
export type ClusterPattern = { home: string }

const VERSION_LIMIT_MS = 10_000

/** The pattern below `folder` of what this `initdb` makes with these arguments; it may not be there yet. */
export function patternOf(folder: string, initdb: string, args: readonly string[]): ClusterPattern {
  const { stdout } = spawnSync(initdb, ['--version'], { encoding: 'utf8', timeout: VERSION_LIMIT_MS })
  const made = createHash('sha256').update([stdout, ...args].join('\n'))
  return { home: join(folder, made.digest('hex').slice(0, 12)) }
}

/** Copies the pattern's files into `home`, for the account that Postgres runs as; false when there is no pattern. */
export function copyPattern({ home: pattern }: ClusterPattern, home: string, account: Account): boolean {
  if (!existsSync(pattern)) return false
  // Synchronous: of a thousand small files it is four times as fast.
  for (const name of ['password', 'data']) {
    cpSync(join(pattern, name), join(home, name), { recursive: true })
    giveTreeTo(account, join(home, name))
  }
  // Postgres refuses a folder that others may enter, and of a folder the mode is not copied.
  chmodSync(join(home, 'data'), 0o700)
  return true
}

/** Keeps a cluster that has never run as the pattern. Whoever comes second finds it there and leaves it. */
export function keepPattern({ home: pattern }: ClusterPattern, home: string): void {
  if (existsSync(pattern)) return
  const fresh = `${pattern}.new-${randomBytes(4).toString('hex')}`
  try {
    mkdirSync(fresh, { recursive: true, mode: 0o700 })
    for (const name of ['password', 'data']) cpSync(join(home, name), join(fresh, name), { recursive: true })
    renameSync(fresh, pattern)
  } catch (error) {
    // It only saves time; a full or read-only disk must not end the run.
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(pattern)) console.error(`No pattern was kept: ${error}`)
  }
}

export function dropPattern({ home }: ClusterPattern): void {
  rmSync(home, { recursive: true, force: true })
}

function giveTreeTo({ uid, gid }: Account, path: string): void {
  if (uid === undefined || gid === undefined) return
  chownSync(path, uid, gid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }))
    chownSync(join(path, name), uid, gid)
}
