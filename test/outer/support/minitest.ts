import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { isMissing, RUBY } from './toolchain.ts'

/** One test of a Ruby file, as `clients/ruby/test/run.rb` reports it. */
type Line = { title: string; skipped?: boolean; problem?: string | null }

type Options = {
  /** Of the Ruby process, beside its own. */
  env?: Record<string, string>
  /** Says why nothing of it can run here; undefined: it can. */
  missing?: string
  /** How the version of the framework begins: the Ruby tests look whether it is that one. */
  version?: string
}

export const RUBY_CLIENT = fileURLToPath(new URL('../../../clients/ruby/', import.meta.url))
const RUNNER = `${RUBY_CLIENT}test/run.rb`
const LIST_LIMIT_MS = 60_000
const RUN_LIMIT_MS = 300_000

/** Makes each test of these Ruby files a test here: it passes if Ruby ran it and found its guarantee to hold. */
export function describeRuby(
  title: string,
  files: readonly string[],
  { env: own = {}, missing, version }: Options = {},
): void {
  const env = version === undefined ? own : { ...own, FRAMEWORK_VERSION: version }
  const paths = files.map((file) => `${RUBY_CLIENT}test/${file}`)
  const unable = missing !== undefined || isMissing(RUBY)
  if (unable) {
    if (missing) console.warn(`Skipped: ${missing}`)
    describe.skip(title, () => {
      test(missing ?? 'Ruby is missing', () => {})
    })
    return
  }
  const titles = runRuby(['--list', ...paths], env, LIST_LIMIT_MS).map((line) => line.title)

  describe(title, () => {
    const results = new Map<string, Line>()
    beforeAll(() => {
      for (const line of runRuby(paths, env, RUN_LIMIT_MS)) results.set(line.title, line)
    }, RUN_LIMIT_MS)

    test.each(titles)('%s', (name) => {
      const result = results.get(name)
      if (!result) throw new Error('Ruby did not come to this test.')
      expect(result.problem ?? '').toBe('')
      expect(result.skipped ?? false).toBe(false)
    })
  })
}

function runRuby(args: readonly string[], env: Record<string, string>, limitMs: number): Line[] {
  const { stdout, stderr, status, error } = spawnSync('ruby', ['-w', RUNNER, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C.UTF-8', ...env },
    encoding: 'utf8',
    timeout: limitMs,
    maxBuffer: 16 * 1024 * 1024,
  })
  if (error || status !== 0) throw new Error(`ruby ended with ${status ?? error?.message}: ${stderr}`)
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{"title":'))
    .map((line): Line => JSON.parse(line))
}
