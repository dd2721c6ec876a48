// A reporter for vitest that writes, to the file of TEST_REPORT_FILE, what scripts/check.ts needs: how many tests passed, and
// what failed, by name. Errors outside of any test are among it, which no other report of vitest tells by a program's means.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import type { Failure } from './failures.ts'

/** `running`: the files that were at work when it was last written; none once all came to their end. */
export type TestReport = { passed: number; skipped: number; failures: Failure[]; running: string[] }

type SomeError = { name?: string; message?: string; stack?: string; diff?: string }

/** Vitest makes one per run. The file is written anew with each file of tests: what is killed has left its state. */
export default function createTestReport(): Reporter {
  const file = process.env.TEST_REPORT_FILE
  if (file === undefined) throw new Error('TEST_REPORT_FILE names the file of the report')
  const report: TestReport = { passed: 0, skipped: 0, failures: [], running: [] }
  const write = () => writeFileSync(file, JSON.stringify(report))
  return {
    onTestModuleStart(module) {
      report.running.push(module.relativeModuleId)
      write()
    },
    onTestModuleEnd(module) {
      report.running = report.running.filter((name) => name !== module.relativeModuleId)
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') report.passed += 1
        if (state === 'skipped') report.skipped += 1
      }
      report.failures.push(...failuresOf(module))
      write()
    },
    onTestRunEnd(_modules, errors) {
      report.running = []
      report.failures.push(...errors.map((error) => failure('an error outside of any test', [error])))
      write()
    },
  }
}

/** Each test that failed, and each hook, or a file that cannot even be loaded: these have no test to blame. */
function failuresOf(module: TestModule): Failure[] {
  const file = module.relativeModuleId
  const failed = (what: TestCase | TestSuite) => `${file} > ${what.fullName}`
  const suites = [...module.children.allSuites()].map((suite) => [failed(suite), suite.errors()] as const)
  return [
    ...[...module.children.allTests('failed')].map((test) =>
      failure(failed(test), test.result().errors ?? []),
    ),
    ...[[file, module.errors()] as const, ...suites]
      .filter(([, errors]) => errors.length > 0)
      .map(([name, errors]) => failure(`${name}, outside of its tests`, errors)),
  ]
}

function failure(name: string, errors: readonly SomeError[]): Failure {
  return { name, text: errors.map(textOf).join('\n') }
}

/** Its message, what was expected, and the first place in our own code. */
function textOf({ name = 'Error', message = '', stack = '', diff = '' }: SomeError): string {
  const place = stack.split('\n').find((line) => /^\s+at /.test(line) && !line.includes('node_modules'))
  return [`${name}: ${message}`, diff, place ?? ''].filter((part) => part !== '').join('\n')
}
