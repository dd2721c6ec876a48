import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { accessTokenOf } from './bench-resource.ts'
import { serveParent } from './child.ts'

/** `cut`: the connection is reset before the value arrived. `lost`: it is reset after the value was taken. */
export type Fault = '500' | '429' | 'cut' | 'lost'
/** How the stand-in behaves from now on. `faultShare` of the PATCHes fail in one of the ways of `faults`, in turn. */
export type Behaviour = { latencyMs: number; faultShare: number; faults: readonly Fault[] }
export type HerokuQuestion = { ask: 'reset'; behaviour: Behaviour } | { ask: 'counts' } | { ask: 'values' }

/** What reached the stand-in. `repeated`: PATCHes with the value that the resource had already. */
export type HerokuCounts = {
  patches: number
  applied: number
  repeated: number
  reads: number
  unauthorized: number
  faults: number
  mostInFlight: number
  /** When the first PATCH came, and when each thousandth different value was taken, in ms. */
  firstAtMs: number
  thousandthsAtMs: number[]
}
/** The last value of each resource, and how many different values it was given. */
export type HerokuValues = { resourceId: string; value: string; values: number }[]

const RETRY_AFTER_SECONDS = 1
const PATH = /^\/addons\/([0-9a-f-]{36})\/config$/

const TOKENS = JSON.stringify({ access_token: 'HRKU-a', refresh_token: 'HRKU-r', expires_in: 28_800 })

const noCounts = (): HerokuCounts => ({
  patches: 0,
  applied: 0,
  repeated: 0,
  reads: 0,
  unauthorized: 0,
  faults: 0,
  mostInFlight: 0,
  firstAtMs: 0,
  thousandthsAtMs: [],
})

/** A stand-in for api.heroku.com that knows one thing: the config of an add-on. Built to cost as little as possible. */
await serveParent<null, HerokuQuestion>(async () => {
  let behaviour: Behaviour = { latencyMs: 0, faultShare: 0, faults: [] }
  let counts = noCounts()
  let configs = new Map<string, { value: string; values: number }>()
  let inFlight = 0

  function answer(res: ServerResponse, status: number, body: string): void {
    inFlight -= 1
    if (status === 429) res.setHeader('retry-after', RETRY_AFTER_SECONDS)
    res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    res.end(body)
  }

  function handle(req: IncomingMessage, res: ServerResponse, body: string): void {
    if (req.url === '/oauth/token') {
      answer(res, 200, TOKENS)
      return
    }
    // No app has a log: what is told beside the rotations is no part of what is measured.
    if (req.url?.endsWith('/addon-attachments')) {
      answer(res, 200, '[]')
      return
    }
    const resourceId = PATH.exec(req.url ?? '')?.[1]
    if (!resourceId || req.headers.authorization !== `Bearer ${accessTokenOf(resourceId)}`) {
      counts.unauthorized += 1
      answer(res, 401, '{"id":"unauthorized"}')
      return
    }
    if (req.method === 'GET') {
      counts.reads += 1
      const value = configs.get(resourceId)?.value
      answer(res, 200, JSON.stringify(value === undefined ? [] : [{ name: 'SECURE_KEY', value }]))
      return
    }
    counts.patches += 1
    counts.firstAtMs ||= performance.now()
    const fails = behaviour.faultShare > 0 && Math.random() < behaviour.faultShare
    const fault = fails ? behaviour.faults[counts.faults % behaviour.faults.length] : undefined
    if (fault) fail(fault, req, res, resourceId, body)
    else answer(res, 200, JSON.stringify([{ name: 'SECURE_KEY', value: store(resourceId, body) }]))
  }

  function fail(fault: Fault, req: IncomingMessage, res: ServerResponse, id: string, body: string): void {
    counts.faults += 1
    if (fault === '500' || fault === '429') {
      answer(res, Number(fault), '{"id":"fault"}')
      return
    }
    if (fault === 'lost') store(id, body)
    inFlight -= 1
    req.socket.destroy()
  }

  function store(resourceId: string, body: string): string {
    const value: string = JSON.parse(body).config[0].value
    const before = configs.get(resourceId)
    if (before?.value === value) counts.repeated += 1
    else configs.set(resourceId, { value, values: (before?.values ?? 0) + 1 })
    counts.applied += 1
    if (configs.size % 1_000 === 0) counts.thousandthsAtMs.push(performance.now())
    return value
  }

  const server = createServer((req, res) => {
    inFlight += 1
    counts.mostInFlight = Math.max(counts.mostInFlight, inFlight)
    let body = ''
    req.setEncoding('utf8')
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      if (behaviour.latencyMs === 0) handle(req, res, body)
      else setTimeout(handle, behaviour.latencyMs, req, res, body)
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    ready: { url: `http://127.0.0.1:${port}` },
    async answer(question) {
      switch (question.ask) {
        case 'reset':
          behaviour = question.behaviour
          counts = noCounts()
          configs = new Map()
          return undefined
        case 'counts':
          return counts
        case 'values':
          return [...configs].map(([resourceId, config]) => ({ resourceId, ...config }))
      }
    },
  }
})
