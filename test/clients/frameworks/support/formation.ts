import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, vi } from 'vitest'
import { type Keyring, type KeyringOptions, keyring } from '../../../../clients/node/src/index.ts'
import type { Release } from './published.ts'

const START = Date.parse('2026-03-03T12:00:00Z')

/** An app of which any number of processes can run. What they share, a store of sessions, is made once. */
export type App = (ring: Keyring, release: Release) => RequestListener | Promise<RequestListener>

const open: Server[] = []

/** Sets the clock that libraries, rings and browsers read, and stops the processes of a test after it. */
export function useFormation(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: START })
  })
  afterEach(async () => {
    vi.useRealTimers()
    await Promise.all(open.splice(0).map((server) => new Promise((closed) => server.close(closed))))
  })
}

export function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

/** Starts a process of the app with the values of a release, and returns its address. */
export async function startProcess(
  app: App,
  release: Release,
  options: KeyringOptions = {},
): Promise<string> {
  return await serve(await app(ringOf(release, options), release))
}

function ringOf(release: Release, options: KeyringOptions = {}): Keyring {
  const warnings: string[] = []
  const ring = keyring({
    value: release.value,
    keyringValue: release.keyringValue,
    now: () => Date.now(),
    startedAt: Date.now(),
    onWarning: (code) => warnings.push(code),
    ...options,
  })
  if (warnings.length > 0) throw new Error(`the keyring of a release is ignored: ${warnings}`)
  return ring
}

/** Serves an app until the end of the test, and returns its address. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    // What an app throws is an answer: a test that waits for one says less.
    Promise.resolve(listener(request, response)).catch((error) => response.writeHead(500).end(String(error)))
  })
  open.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
