import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Toolchain, versionIn } from './toolchain.ts'

/** Debian's own Python where it is there: the packages of Debian are made for it. */
const PROGRAM = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

export const CLIENT_PYTHON: Toolchain = {
  program: PROGRAM,
  versionArgs: ['--version'],
  oldest: [3, 9],
  debianPackage: 'python3',
}

type Suite = { modules: readonly string[]; pythonPath?: string | undefined }
type Case = { id: string; title: string }
type Result = { id: string; problem: string | null; skipped: string | null }

const FOLDER = fileURLToPath(new URL('../../../clients/python', import.meta.url))
const RUNNER = join(FOLDER, 'tests', 'run.py')
/** Compiled once, and not into the sources. */
export const COMPILED = fileURLToPath(new URL('../../../.cache/python/', import.meta.url))
const LIST_LIMIT_MS = 60_000
const RUN_LIMIT_MS = 180_000
const MOST_OUTPUT_BYTES = 32 * 1024 * 1024

/** Where Debian's packages lie below a folder. */
export function distPackages(folder: string): string {
  return join(folder, 'usr/lib/python3/dist-packages')
}

/** A package that the machine's own Python is to have, in a version of this range. */
export type PythonPackage = {
  name: string
  from: readonly [number, number]
  before: readonly [number, number]
  debianPackage: string
}

/** Whether the machine has it; says what is missing, and throws with REQUIRE_TOOLS=1. */
export function isOfMachine({ name, from, before, debianPackage }: PythonPackage): boolean {
  const code = `import importlib.metadata as m; print(m.version(${JSON.stringify(name)}))`
  const { stdout } = spawnSync(PROGRAM, ['-c', code], { encoding: 'utf8', env: environment() })
  const version = versionIn(stdout ?? '')
  const number = ([major, minor]: readonly [number, number]) => major * 1_000 + minor
  if (version && number(version) >= number(from) && number(version) < number(before)) return true
  const wanted = `${name} ${from.join('.')} or later, before ${before.join('.')}, is needed (Debian: apt-get install ${debianPackage})`
  const problem = `${wanted}; there is ${version?.join('.') ?? 'none'}.`
  if (process.env.REQUIRE_TOOLS === '1') throw new Error(problem)
  console.warn(`Skipped: ${problem}`)
  return false
}

/** Each test of these modules of clients/python/tests as a test of its own. They run once, in one process. */
export function describePython(title: string, { modules, pythonPath }: Suite): void {
  describe(title, () => {
    const results = new Map<string, Result>()

    beforeAll(async () => {
      const { stdout } = await promisify(execFile)(PROGRAM, [RUNNER, ...modules], {
        cwd: FOLDER,
        env: environment(pythonPath),
        timeout: RUN_LIMIT_MS,
        maxBuffer: MOST_OUTPUT_BYTES,
      })
      for (const result of linesOf<Result>(stdout)) results.set(result.id, result)
    }, RUN_LIMIT_MS)

    for (const { id, title } of listed(modules, pythonPath)) {
      test(title, ({ skip }) => {
        const result = results.get(id)
        if (!result) throw new Error(`${id} was not run.`)
        skip(result.skipped !== null, result.skipped ?? undefined)
        expect(result.problem ?? '').toBe('')
      })
    }
  })
}

function listed(modules: readonly string[], pythonPath: string | undefined): Case[] {
  const { status, stdout, stderr } = spawnSync(PROGRAM, [RUNNER, '--list', ...modules], {
    cwd: FOLDER,
    env: environment(pythonPath),
    encoding: 'utf8',
    timeout: LIST_LIMIT_MS,
    maxBuffer: MOST_OUTPUT_BYTES,
  })
  if (status !== 0) throw new Error(`The tests of ${modules.join(', ')} cannot be listed: ${stderr}`)
  return linesOf<Case>(stdout)
}

function linesOf<Line>(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

function environment(pythonPath?: string): NodeJS.ProcessEnv {
  const ours = { PYTHONPYCACHEPREFIX: COMPILED, PYTHONPATH: pythonPath ?? '' }
  return { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C.UTF-8', ...ours }
}
