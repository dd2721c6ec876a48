import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'

/** Starts the script and waits until it has done its first piece. */
async function startScript() {
  const child = spawn(process.execPath, ['test/bin/support/long-script.ts'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  await expect.poll(() => said.out).toContain('one is done')
  return { child, said }
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a long command that gets %s finishes what it is at, and says what is left',
  async (signal) => {
    const { child, said } = await startScript()
    child.kill(signal)
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
    expect(said.out).toContain('Stopped: 2 are left. Type it again to go on.')
  },
)

test('away from a terminal it shows how far it is in whole lines, and no more often than once a minute', async () => {
  const { child, said } = await startScript()
  child.kill('SIGINT')
  await once(child, 'close')
  const lines = said.err.split('\n').filter((line) => line.trim() !== '')
  expect(lines.map((line) => /(\d) of 3/.exec(line)?.[1])).toEqual(['0', '1'])
  expect(said.err).not.toContain('\r')
})
