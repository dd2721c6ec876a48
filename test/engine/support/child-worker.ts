import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { type Harness, testEnvironment } from '../../support/harness.ts'

/** A worker process as it runs in production: own memory, real clock, a tick every second. */
export type ChildWorker = {
  process: ChildProcess
  /** Everything that it logged so far. */
  log: () => string
  /** Ends it as the kernel does: no handler of it runs. */
  kill: () => Promise<void>
}

export function startChildWorker(
  h: Pick<Harness, 'databaseUrl' | 'heroku'>,
  env: Record<string, string> = {},
): ChildWorker {
  const child = spawn(process.execPath, ['src/bin/worker.ts'], {
    env: {
      PATH: process.env.PATH,
      ...testEnvironment(h.databaseUrl, h.heroku.url),
      ROTATION_CRON: '* * * * * *',
      HEROKU_MAX_RPS: '1000',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const collect = (chunk: Buffer) => {
    text += String(chunk)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const exited = once(child, 'exit')
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  return { process: child, log: () => text, kill }
}
