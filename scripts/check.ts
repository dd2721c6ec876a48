// The checks behind `npm test` (format, lint, types, exports and every test) and `npm run test:outer` (the tests that
// need other toolchains; without them they are skipped, with REQUIRE_TOOLS=1 they fail). Each part runs even if another
// fails. The last line counts what passed and failed: every test, and one for each other part. What failed is told once more just
// before it, in lines that begin with `failed: `.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Failure, failureLines } from './failures.ts'
import type { TestReport } from './test-report.ts'

type Result = { passed: number; skipped: number; failures: Failure[] }
/** How a program ended, and the last that it said, if that was listened to. */
type Ended = { exitCode: number; said: string }
type Part = { name: string; command: string; args: string[]; tests?: true }

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PART_LIMIT_MS = 40 * 60_000
/** Characters of what a program said: enough for the first lines. */
const MOST_KEPT = 4_000
const WINDOWS = process.platform === 'win32'

const folder = mkdtempSync(join(tmpdir(), 'securekey-check-'))
const reportFile = join(folder, 'tests.json')

const CHECKS: Record<string, Part[]> = {
  all: [
    { name: 'format and lint', command: 'biome', args: ['ci', '.'] },
    { name: 'types', command: 'tsc', args: [] },
    // Without the tests: what only they use is unused (knip.jsonc).
    { name: 'unused exports', command: 'knip', args: ['--production'] },
    testsOf('tests'),
  ],
  outer: [testsOf('outer')],
}

const wanted = process.argv[2] ?? 'all'
const parts = CHECKS[wanted]
if (!parts) throw new Error(`There is no check "${wanted}": ${Object.keys(CHECKS).join(' or ')}.`)

try {
  const lines: string[] = []
  const total: Result = { passed: 0, skipped: 0, failures: [] }
  for (const part of parts) {
    console.log(`\n--- ${part.name}`)
    const startedAt = performance.now()
    const ended = await run(part)
    const result = part.tests ? resultOfTests(part, ended) : resultOfOne(part, ended)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    const told = part.tests ? inWords(result) : result.passed ? 'passed' : 'failed'
    lines.push(`${part.name.padEnd(16)} ${told} (${seconds} s)`)
    total.passed += result.passed
    total.skipped += result.skipped
    total.failures.push(...result.failures)
  }
  console.log(`\n${lines.join('\n')}\n\nEach test counts as one, and so does each other part:`)
  for (const line of failureLines(total.failures)) console.log(line)
  console.log(inWords(total))
  process.exitCode = total.failures.length > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The tests of one project of vitest.config.ts. */
function testsOf(project: string): Part {
  const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'scripts/test-report.ts')}`]
  return {
    name: project,
    command: 'vitest',
    args: ['run', `--project=${project}`, ...reporters],
    tests: true,
  }
}

/** Shows all that the program says. Of another than the tests, which report by themselves, its beginning is kept. */
async function run({ command, args, tests }: Part): Promise<Ended> {
  const program = join(ROOT, 'node_modules', '.bin', command)
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, TEST_REPORT_FILE: reportFile },
    stdio: tests ? 'inherit' : ['inherit', 'pipe', 'pipe'],
    shell: WINDOWS,
    timeout: PART_LIMIT_MS,
  })
  let said = ''
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from?.on('data', (chunk: Buffer) => {
      to.write(chunk)
      if (said.length < MOST_KEPT) said += chunk
    })
  }
  const [code] = await once(child, 'close').catch((error) => {
    console.error(error.message)
    said += error.message
    return [1]
  })
  return { exitCode: code ?? 1, said }
}

function resultOfOne({ name }: Part, { exitCode, said }: Ended): Result {
  const failures = exitCode === 0 ? [] : [{ name, text: said }]
  return { passed: 1 - failures.length, skipped: 0, failures }
}

function resultOfTests({ name }: Part, { exitCode }: Ended): Result {
  const { passed, skipped, failures, running } = readReport()
  const failed = (text: string) => failures.push({ name, text })
  if (running.length > 0) failed(`They did not come to their end. Under way: ${running.join(', ')}`)
  // Nothing run at all, or what no report tells of, must not pass for a success.
  if (failures.length === 0 && passed === 0) failed('No test was run.')
  if (failures.length === 0 && exitCode !== 0) failed(`No test failed, and vitest ended with ${exitCode}.`)
  return { passed, skipped, failures }
}

function readReport(): TestReport {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'))
  } catch {
    return { passed: 0, skipped: 0, failures: [], running: [] }
  }
}

function inWords({ passed, skipped, failures }: Result): string {
  return `${passed} passed, ${failures.length} failed${skipped ? `, ${skipped} skipped` : ''}`
}
