import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const FOLDER = fileURLToPath(new URL('./types', import.meta.url))
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
const LIMIT_MS = 60_000

test("the line of each framework compiles against the framework's own types, and a wrong one does not", async () => {
  const compiled = promisify(execFile)(process.execPath, [TSC, '--project', FOLDER], { timeout: LIMIT_MS })
  await expect(compiled).resolves.toEqual({ stdout: '', stderr: '' })
})
