// The checks behind `npm test` (format, lint, types, exports and every test) and `npm run test:outer` (the tests that
// need other toolchains; without them they are skipped, with REQUIRE_TOOLS=1 they fail). Each part runs even if another
// fails; the last line counts what passed and failed: every test, and one for each other part.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

type Counts = { passed: number; failed: number; skipped: number }
type Part = { name: string; command: string; args: string[]; count: (exitCode: number) => Counts }

/** The fields we need of vitest's JSON report. */
type Report = {
  numPassedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PART_LIMIT_MS = 40 * 60_000
const WINDOWS = process.platform === 'win32'

const folder = mkdtempSync(join(tmpdir(), 'securekey-check-'))
const reportFile = join(folder, 'vitest.json')

const CHECKS: Record<string, Part[]> = {
  all: [
    { name: 'format and lint', command: 'biome', args: ['ci', '.'], count: asOne },
    { name: 'types', command: 'tsc', args: [], count: asOne },
    // Without the tests: what only they use is unused (knip.jsonc).
    { name: 'unused exports', command: 'knip', args: ['--production'], count: asOne },
    testsOf('tests'),
  ],
  outer: [testsOf('outer')],
}

const wanted = process.argv[2] ?? 'all'
const parts = CHECKS[wanted]
if (!parts) throw new Error(`There is no check "${wanted}": ${Object.keys(CHECKS).join(' or ')}.`)

try {
  const lines: string[] = []
  const total: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const part of parts) {
    console.log(`\n--- ${part.name}`)
    const startedAt = performance.now()
    const counts = part.count(await run(part))
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    const result = part.count === asOne ? (counts.failed ? 'failed' : 'passed') : inWords(counts)
    lines.push(`${part.name.padEnd(16)} ${result} (${seconds} s)`)
    total.passed += counts.passed
    total.failed += counts.failed
    total.skipped += counts.skipped
  }
  console.log(`\n${lines.join('\n')}\n\nEach test counts as one, and so does each other part:`)
  console.log(inWords(total))
  process.exitCode = total.failed > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The tests of one project of vitest.config.ts. */
function testsOf(project: string): Part {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  return {
    name: project,
    command: 'vitest',
    args: ['run', `--project=${project}`, ...reporters],
    count: countTests,
  }
}

async function run({ command, args }: Part): Promise<number> {
  const program = join(ROOT, 'node_modules', '.bin', command)
  const options = { cwd: ROOT, stdio: 'inherit', shell: WINDOWS, timeout: PART_LIMIT_MS } as const
  const child = spawn(program, args, options)
  const [code] = await once(child, 'exit').catch((error) => {
    console.error(error.message)
    return [1]
  })
  return code ?? 1
}

function asOne(exitCode: number): Counts {
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 }
}

function countTests(exitCode: number): Counts {
  const report = readReport()
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const failedIn = report.testResults.map(({ status, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed').length
    // A file that cannot even be loaded has no test to blame.
    return failed === 0 && status === 'failed' ? 1 : failed
  })
  const passed = report.numPassedTests
  let failed = failedIn.reduce((sum, count) => sum + count, 0)
  // An error outside of any test, or nothing run at all, must not pass for a success.
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1
  return { passed, failed, skipped: report.numPendingTests + report.numTodoTests }
}

function readReport(): Report | undefined {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'))
  } catch {
    console.error('The test runner left no report: it crashed or was stopped.')
    return undefined
  }
}

function inWords({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`
}
