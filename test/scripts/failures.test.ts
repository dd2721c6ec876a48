import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { failureLines } from '../../scripts/failures.ts'
import type { TestReport } from '../../scripts/test-report.ts'
import { removeFolder } from '../support/remove-folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const RUN_LIMIT_MS = 60_000

test('each failure is told by its name and the first lines of what was said, and all can be found by one word', () => {
  const text = `\u001b[31mAssertionError\u001b[39m: expected 3 to be 4\n\n${'line\n'.repeat(50)}`
  expect(failureLines([{ name: 'a.test.ts > a title\nof two lines', text }])).toEqual([
    'failed: a.test.ts > a title',
    'failed:   AssertionError: expected 3 to be 4',
    ...Array(7).fill('failed:   line'),
  ])
})

test('neither a long line nor a thousand failures fill the end of a log', () => {
  const many = Array.from({ length: 1_000 }, (_, n) => ({ name: `test ${n}`, text: 'x'.repeat(10_000) }))
  const lines = failureLines(many)
  expect(lines.join('\n').length).toBeLessThan(20_000)
  expect(lines.at(-1)).toBe('failed: and 960 more')
})

test('what fails is named, be it a test, a hook, a file or an error outside of them all', async () => {
  const report = await reportOf({
    'one.test.ts': `
      describe('a thing', () => {
        test('works', () => {})
        test.skip('will work', () => {})
        test('does not work', () => expect(3).toBe(4))
      })`,
    'hook.test.ts': `
      afterAll(() => { throw new Error('the folder is not empty') })
      test('works', () => {})`,
    'loads.test.ts': `throw new Error('it cannot be loaded')`,
    'late.test.ts': `test('works', () => { Promise.reject(new Error('nobody waits for it')) })`,
  })
  expect(report).toMatchObject({ passed: 3, skipped: 1, running: [] })
  const told = report.failures.map(({ name, text }) => `${name}: ${text.split('\n')[0]}`).sort()
  expect(told).toEqual([
    'an error outside of any test: Error: nobody waits for it',
    'hook.test.ts, outside of its tests: Error: the folder is not empty',
    'loads.test.ts, outside of its tests: Error: it cannot be loaded',
    'one.test.ts > a thing > does not work: AssertionError: expected 3 to be 4 // Object.is equality',
  ])
  expect(report.failures.find(({ name }) => name.startsWith('one'))?.text).toMatch(/one\.test\.ts:\d+/)
})

/** What the reporter writes of a run of these files. */
async function reportOf(files: Record<string, string>): Promise<TestReport> {
  const folder = mkdtempSync(join(tmpdir(), 'failures-'))
  onTestFinished(() => removeFolder(folder))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const head = "import { afterAll, describe, expect, test } from 'vitest'\n"
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), head + code)
  const file = join(folder, 'report.json')
  const program = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const args = [program, 'run', '--root', folder, `--reporter=${join(ROOT, 'scripts/test-report.ts')}`]
  const { PATH = '' } = process.env
  // It ends with 1, since something fails.
  await new Promise<void>((ended) => {
    const options = { env: { PATH, TEST_REPORT_FILE: file }, timeout: RUN_LIMIT_MS }
    execFile(process.execPath, args, options, () => ended())
  })
  return JSON.parse(readFileSync(file, 'utf8'))
}
