import { expect } from 'vitest'
import type { Simulator } from '../../../simulator/src/simulator.ts'
import { type ServiceProcess, startProcess, startProgram } from '../../acceptance/support/process.ts'
import { testEnvironment } from '../../support/harness.ts'
import { query } from './postgres-cluster.ts'

/** One set of settings, and the processes and commands that run with it. */
export type Environment = {
  databaseUrl: string
  startWeb: () => Promise<Web>
  startWorker: () => Promise<ServiceProcess>
  /** Runs `npm run installation` or `npm run rotations` and returns what it printed. */
  run: (command: 'installation' | 'rotations', ...args: string[]) => Promise<string>
  /** Runs a statement on its database, not through what its processes use. */
  query: <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>
}

export type Web = ServiceProcess & { url: string; readiness: () => Promise<{ status: number; text: string }> }

export type EnvironmentOptions = {
  databaseUrl: string
  /** Where statements of the test go; where the processes go if it is left out. */
  directUrl?: () => string
  heroku: Pick<Simulator, 'url'>
  env?: Record<string, string>
  /** Told how to end each process. */
  whenFinished: (end: () => Promise<void>) => void
}

const READY_LIMIT_MS = 2_000

export function environment(options: EnvironmentOptions): Environment {
  const { databaseUrl, heroku, whenFinished } = options
  const env = {
    ...testEnvironment(databaseUrl, heroku.url),
    HOST: '127.0.0.1',
    PORT: '0',
    ROTATION_CRON: '* * * * * *',
    LOG_LEVEL: 'info',
    ...options.env,
  }
  return {
    databaseUrl,
    async startWeb() {
      const web = await startProcess('web', env)
      whenFinished(() => web.kill())
      const [, url = ''] = await web.printed(/Server listening at (http:[^"]+)/)
      return { ...web, url, readiness: () => readinessOf(url) }
    },
    async startWorker() {
      const worker = await startProcess('worker', env)
      whenFinished(() => worker.kill())
      await worker.printed(/worker started/)
      return worker
    },
    async run(command, ...args) {
      const done = startProgram(process.execPath, [`src/bin/${command}.ts`, ...args], env)
      const code = await done.end
      expect(code, done.stderr()).toBe(0)
      return done.stdout()
    },
    query: (text, values) => query(options.directUrl?.() ?? databaseUrl, text, values),
  }
}

async function readinessOf(url: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_LIMIT_MS) })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    return { status: 0, text: String(error) }
  }
}
