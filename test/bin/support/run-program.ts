import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Harness, testEnvironment } from '../../support/harness.ts'

const LIMIT_MS = 60_000

/** Runs a program of `src/bin` as an operator would; returns its exit code and all that it printed. */
export async function runProgram(
  harness: Pick<Harness, 'databaseUrl' | 'heroku'>,
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const settings = { ...testEnvironment(harness.databaseUrl, harness.heroku.url), ...env }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [`src/bin/${program}.ts`, ...args], {
      env: { ...process.env, ...settings },
      timeout: LIMIT_MS,
    })
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, text: `${stdout}${stderr}` }
  }
}
