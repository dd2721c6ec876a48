import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeFolder } from '../../support/remove-folder.ts'
import { nodeModulesOf } from './npm-folder.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PLUGIN = join(ROOT, 'clients/heroku-cli')
const CLI = join(ROOT, 'test/outer/heroku-cli')
const REQUIRED = process.env.REQUIRE_TOOLS === '1'
const COMMAND_LIMIT_MS = 120_000

/** How a command ended, and what it printed. */
export type Ran = { code: number | null; stdout: string; stderr: string }

export type HerokuCli = {
  /** Runs `heroku` with these arguments, beside the simulator that it was made for. */
  run: (args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** Where the CLI keeps what it keeps: the home of its user. */
  home: string
  end: () => void
}

export type RunOptions = {
  env?: Record<string, string>
  /** What is typed. */
  input?: string
  /** On a terminal: then stdout holds what the terminal shows. */
  terminal?: boolean
  cwd?: string
}

/** The Heroku token of the user, which must go to Heroku alone. */
export const HEROKU_TOKEN = 'HRKU-7d1f0c52-users-own-token-4a9b'

/** Whether the real CLI can be had; where it cannot, says why, or throws with REQUIRE_TOOLS=1. */
export async function herokuModules(): Promise<{ cli: string; plugin: string } | undefined> {
  try {
    return { cli: await nodeModulesOf(CLI), plugin: await nodeModulesOf(PLUGIN) }
  } catch (error) {
    if (REQUIRED) throw error
    console.warn(`Skipped: the Heroku CLI cannot be installed: ${error}`)
    return undefined
  }
}

/** The real Heroku CLI in an empty home, with the plugin built and linked, so that each test may run it at will. */
export async function linkedHerokuCli(
  { cli, plugin }: { cli: string; plugin: string },
  herokuUrl: string,
): Promise<HerokuCli> {
  const folder = mkdtempSync(join(tmpdir(), 'heroku-cli-'))
  const home = join(folder, 'home')
  mkdirSync(home)
  const built = join(folder, 'heroku-cli')
  mkdirSync(built)
  for (const part of ['package.json', 'tsconfig.build.json', 'src']) {
    cpSync(join(PLUGIN, part), join(built, part), { recursive: true })
  }
  symlinkSync(plugin, join(built, 'node_modules'))
  await expectSuccess(
    runProgram(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { cwd: built }),
  )
  const run = herokuIn({ cli, home, herokuUrl })
  await expectSuccess(run(['plugins:link', built, '--no-install']))
  return { run, home, end: () => removeFolder(folder) }
}

/** The CLI with a home of its own. Nothing of it goes anywhere but to `herokuUrl`. */
export function herokuIn({
  cli,
  home,
  herokuUrl,
}: {
  cli: string
  home: string
  herokuUrl: string
}): HerokuCli['run'] {
  const program = join(cli, 'heroku/bin/run.js')
  return (args, { env = {}, input = '', terminal = false, cwd = home } = {}) => {
    const options = { cwd, input, env: { ...cliEnvironment(home, herokuUrl), ...env } }
    if (!terminal) return runProgram(process.execPath, [program, ...args], options)
    const line = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ')
    return runProgram('script', ['--quiet', '--return', '--command', line, '/dev/null'], options)
  }
}

/** The environment of a user whose CLI talks to this Heroku alone. */
export function cliEnvironment(home: string, herokuUrl: string): Record<string, string> {
  return {
    PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    HEROKU_HOST: herokuUrl,
    HEROKU_API_KEY: HEROKU_TOKEN,
    DISABLE_TELEMETRY: 'true',
    HEROKU_DISABLE_AUTOUPDATE: '1',
    HEROKU_SKIP_NEW_VERSION_CHECK: '1',
    OCLIF_DISABLE_LINKED_ESM_WARNING: '1',
    TERM: 'xterm',
    LC_ALL: 'C.UTF-8',
  }
}

async function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env, input = '' }: { cwd: string; env?: Record<string, string>; input?: string },
): Promise<Ran> {
  const child = spawn(program, args, {
    cwd,
    env: env ?? { PATH: process.env.PATH ?? '' },
    signal: AbortSignal.timeout(COMMAND_LIMIT_MS),
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  // A program that ends without reading what is typed is no error.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

async function expectSuccess(ran: Promise<Ran>): Promise<void> {
  const { code, stdout, stderr } = await ran
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}${stdout}`)
}
