import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** A program that these tests need and that does not come with `npm install`. */
export type Toolchain = {
  program: string
  /** Arguments that make it print its version. */
  versionArgs: readonly string[]
  /** The oldest version that will do, as `[major, minor]`. */
  oldest: readonly [number, number]
  /** The Debian package that brings it. */
  debianPackage: string
}

export const PYTHON: Toolchain = {
  program: 'python3',
  versionArgs: ['--version'],
  oldest: [3, 8],
  debianPackage: 'python3',
}

export const RUBY: Toolchain = {
  program: 'ruby',
  versionArgs: ['--version'],
  oldest: [3, 0],
  debianPackage: 'ruby',
}

/** With the modules that Debian's smallest Perl lacks. */
export const PERL: Toolchain = {
  program: 'perl',
  versionArgs: ['-MJSON::PP', '-MDigest::SHA', '-e', 'print $^V'],
  oldest: [5, 20],
  debianPackage: 'perl',
}

export const PHP: Toolchain = {
  program: 'php',
  versionArgs: ['--version'],
  oldest: [8, 0],
  debianPackage: 'php-cli',
}

export const ELIXIR: Toolchain = {
  program: 'elixir',
  versionArgs: ['--short-version'],
  oldest: [1, 12],
  debianPackage: 'elixir',
}

/** Go of GCC, a quarter of the size of the other; it comes with the command `go-12`, which tells no version. */
export const GO: Toolchain = {
  program: 'gccgo-12',
  versionArgs: ['--version'],
  oldest: [12, 0],
  debianPackage: 'gccgo-12 golang-github-gorilla-securecookie-dev',
}

export const CURL: Toolchain = {
  program: 'curl',
  versionArgs: ['--version'],
  // The first with --fail-with-body.
  oldest: [7, 76],
  debianPackage: 'curl',
}

export const PGBOUNCER: Toolchain = {
  // Debian has it where only root looks.
  program: existsSync('/usr/sbin/pgbouncer') ? '/usr/sbin/pgbouncer' : 'pgbouncer',
  versionArgs: ['--version'],
  oldest: [1, 18],
  debianPackage: 'pgbouncer',
}

export const FAKETIME: Toolchain = {
  program: 'faketime',
  versionArgs: ['--version'],
  oldest: [0, 9],
  debianPackage: 'faketime',
}

export const OPENSSL: Toolchain = {
  program: 'openssl',
  versionArgs: ['version'],
  oldest: [1, 1],
  debianPackage: 'openssl',
}

/** Set where every toolchain has to be there: then a missing one fails its tests instead of skipping them. */
const REQUIRED = process.env.REQUIRE_TOOLS === '1'
const ANSWER_LIMIT_MS = 60_000

/** Whether tests that need it are skipped, for `describe.skipIf`; says why once. */
export function isMissing(toolchain: Toolchain): boolean {
  const problem = problemWith(toolchain)
  if (problem === undefined || REQUIRED) return false
  console.warn(`Skipped: ${problem}`)
  return true
}

/** Runs the program with this input and environment and returns what it printed; throws with what it complained of. */
export function runTool(
  toolchain: Toolchain,
  args: readonly string[],
  {
    input = '',
    env = {},
    limitMs = ANSWER_LIMIT_MS,
  }: { input?: string; env?: Record<string, string>; limitMs?: number } = {},
): string {
  const result = spawnSync(toolchain.program, args, {
    input,
    // A C locale would make some programs read and write ASCII.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C.UTF-8', ...env },
    encoding: 'utf8',
    timeout: limitMs,
  })
  if (result.error) throw new Error(problemWith(toolchain) ?? result.error.message)
  if (result.status !== 0) {
    throw new Error(`${toolchain.program} ended with ${result.status ?? result.signal}: ${result.stderr}`)
  }
  return result.stdout
}

/** The first `X.Y` of what a program prints about its version. */
export function versionIn(text: string): [number, number] | undefined {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)]
}

/** A sentence that says what is missing and how to get it; undefined when the toolchain will do. */
export function problemWith({ program, versionArgs, oldest, debianPackage }: Toolchain): string | undefined {
  const wanted = `${program} ${oldest.join('.')} or later is needed (Debian: apt-get install ${debianPackage})`
  const answer = spawnSync(program, versionArgs, { encoding: 'utf8', timeout: ANSWER_LIMIT_MS })
  if (answer.error || answer.status !== 0) return `${wanted}; there is none.`
  const printed = answer.stdout + answer.stderr
  const version = versionIn(printed)
  if (!version) return `${wanted}; it does not say its version: ${printed.trim()}`
  const [major, minor] = version
  const tooOld = major < oldest[0] || (major === oldest[0] && minor < oldest[1])
  return tooOld ? `${wanted}; there is ${version.join('.')}.` : undefined
}
