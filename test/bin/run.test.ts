import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { testEnvironment } from '../support/harness.ts'

const NOWHERE = 'http://127.0.0.1:9'

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s during the start lets the start end, then stops in good order',
  async (signal) => {
    const child = spawn(process.execPath, ['test/bin/support/slow-start.ts'], {
      env: { ...process.env, ...testEnvironment('postgres://127.0.0.1:9/none', NOWHERE) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
    })
    await expect.poll(() => printed).toContain('starting')
    child.kill(signal)
    expect(await once(child, 'close')).toEqual([0, null])
    expect(printed).toContain('let go of everything')
    expect(printed).not.toContain('took too long')
  },
  20_000,
)
