import { beforeAll, onTestFinished } from 'vitest'
import type { SimulatorOptions } from '../../../simulator/src/options.ts'
import { createSimulator, type Simulator } from '../../../simulator/src/simulator.ts'
import { systemNow } from '../../../src/clock.ts'
import { takeDatabase } from '../../support/database.ts'
import { addonAt, testEnvironment } from '../../support/harness.ts'
import { type ServiceProcess, startProcess } from './process.ts'

/** The service as it is deployed: a web process and workers of their own, on real time, with Heroku simulated. */
export type Service = {
  /** Where the web process listens. */
  url: string
  web: ServiceProcess
  heroku: Simulator
  databaseUrl: string
  env: Record<string, string>
  startWorker: () => Promise<ServiceProcess>
}

export type ServiceOptions = { env?: Record<string, string>; simulator?: Partial<SimulatorOptions> }

/** Starts database, simulated Heroku and web process; `whenFinished` is told how to end each. */
export async function startService(
  options: ServiceOptions = {},
  whenFinished: (end: () => Promise<void>) => void = onTestFinished,
): Promise<Service> {
  const database = await takeDatabase()
  whenFinished(() => database.giveBack())
  const heroku = createSimulator({
    now: systemNow,
    addon: addonAt('http://127.0.0.1:1'),
    ...options.simulator,
  })
  const { url: herokuUrl } = await heroku.listen({ port: 0 })
  whenFinished(() => heroku.close())
  const env = {
    ...testEnvironment(database.url, herokuUrl),
    HOST: '127.0.0.1',
    PORT: '0',
    ROTATION_CRON: '* * * * * *',
    LOG_LEVEL: 'info',
    ...options.env,
  }
  const web = await startProcess('web', env)
  whenFinished(() => web.kill())
  const [, url = ''] = await web.printed(/Server listening at (http:[^"]+)/)
  heroku.setAddonUrl(url)
  return {
    url,
    web,
    heroku,
    databaseUrl: database.url,
    env,
    async startWorker() {
      const worker = await startProcess('worker', env)
      whenFinished(() => worker.kill())
      await worker.printed(/worker started/)
      return worker
    },
  }
}

/** One service for all tests of a file. */
export function sharedService(options: ServiceOptions = {}): () => Service {
  let service: Service | undefined
  beforeAll(async () => {
    const ends: (() => Promise<void>)[] = []
    service = await startService(options, (end) => ends.push(end))
    return async () => {
      for (const end of ends.toReversed()) await end()
    }
  })
  return () => {
    if (!service) throw new Error('the service is there only while tests run')
    return service
  }
}

export type Answer = { status: number; headers: Headers; text: string; json: unknown }

/** One HTTP request with basic auth; redirects are not followed. */
export async function send(
  url: string,
  request: { method?: string; user?: string; password?: string; accept?: string; body?: unknown },
): Promise<Answer> {
  const { method = 'GET', user, password, accept = 'application/json', body } = request
  const credentials = Buffer.from(`${user}:${password}`).toString('base64')
  const response = await fetch(url, {
    method,
    headers: {
      accept,
      ...(user === undefined ? {} : { authorization: `Basic ${credentials}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    redirect: 'manual',
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: asJson(text) }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
