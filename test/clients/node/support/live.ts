import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import {
  type Keyring,
  type KeyringOptions,
  keyring,
  type RefreshOptions,
} from '../../../../clients/node/src/index.ts'
import { forge } from './forged.ts'
import { entry, HOUR, keyringBody, keyText, kidOf, PAIR, ROTATED } from './rings.ts'
import { createTimers } from './timers.ts'

export type Respond = (request: IncomingMessage, response: ServerResponse) => void

export const TOKEN = `sk_api_0123456789abcdef_${'a'.repeat(58)}`

/** What the service says of a pair: version `signs`, and the one before it. */
export function keysOf(signs: number, change: Record<string, unknown> = {}): Record<string, unknown> {
  const keyring = keyringBody({ keys: [entry.sign(signs), entry.verify(signs - 1)], ...change })
  return { secure_key: `${keyText(signs)},${keyText(signs - 1)}`, secure_keyring: JSON.stringify(keyring) }
}

/** A token of the key of a version, whoever holds it. */
export function tokenOf(version: number): string {
  return forge({ version, kid: kidOf(version), exp: '99999999999', text: 'eA', purpose: 'login' })
}

/** An answer with a body of JSON. */
export function answers(body: unknown, headers: Record<string, string> = {}, status = 200): Respond {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'refresh-after': '3600', ...headers })
    response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  }
}

/** A body that does not end before the other side does. */
export function endless(status: number): Respond {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(16_384)));
    }
    response.on('drain', more)
    more()
  }
}

/** An answer without a body. */
export function says(status: number, headers: Record<string, string> = {}): Respond {
  return (_request, response) => response.writeHead(status, headers).end()
}

/** A server whose next answers a test decides: the last one stays. */
export function listening() {
  const requests: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[] = []
  let script: Respond[] = []
  let checkIn: Respond = says(204)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      requests.push({ method, path, headers, body: Buffer.concat(chunks).toString() })
      if (path === '/v1/check-ins') return checkIn(request, response)
      const [next, ...rest] = script
      if (rest.length > 0) script = rest
      next?.(request, response)
    })
  })
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return {
    requests,
    url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    will: (...responds: Respond[]) => {
      script = responds
    },
    checkInsGet: (respond: Respond) => {
      checkIn = respond
    },
    reset: () => {
      requests.length = 0
      checkIn = says(204)
    },
    asked: () => requests.filter(({ path }) => path === '/v1/keyring'),
    checkIns: () =>
      requests.filter(({ path }) => path === '/v1/check-ins').map(({ body }) => JSON.parse(body)),
  }
}

/** A ring as `startLive` makes it, whose first turn is over: its next request is planned, or there is none. */
export async function liveRing(...told: Parameters<typeof startLive>) {
  const live = startLive(...told)
  await live.turnIsOver()
  return live
}

/** A ring that asks this server, with a clock and timers that a test moves. */
export function startLive(
  server: { url: () => string },
  options: KeyringOptions = {},
  refresh: RefreshOptions = {},
) {
  const clock = { ms: ROTATED + HOUR }
  const timers = createTimers((ms) => {
    clock.ms += ms
  })
  const warnings: string[] = []
  const changes: unknown[] = []
  const stops: unknown[] = []
  const ring: Keyring = keyring({
    value: PAIR,
    keyringValue: JSON.stringify(keyringBody()),
    now: () => clock.ms,
    startedAt: ROTATED - 10 * HOUR,
    onWarning: (code) => warnings.push(code),
    ...options,
    refresh: { url: server.url(), token: TOKEN, random: () => 0.5, setTimer: timers.setTimer, ...refresh },
  })
  onTestFinished(() => ring.close())
  ring.on('change', (told) => changes.push(told))
  ring.on('stopped', (told) => stops.push(told))
  const turnIsOver = async () => {
    await until(() => timers.planned() !== undefined || ring.stats().refresh?.state === 'stopped')
  }
  return {
    ...{ ring, clock, warnings, changes, stops, timers, turnIsOver },
    /** Lets the planned request be due, and waits for the end of its turn. */
    next: async () => {
      timers.fire()
      await turnIsOver()
    },
    state: () => ring.stats().refresh,
  }
}

/** Waits for what other sockets of this process do; fails if it does not come. */
export async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  while (!isSo()) {
    if (performance.now() > end) throw new Error('it did not come')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
