import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { createHerokuCall, type FailureJudge, type HerokuCall } from '../../../src/heroku/call.ts'
import { createDispatcher } from '../../../src/heroku/dispatcher.ts'
import { createSendRequest } from '../../../src/heroku/send-request.ts'
import { createTokenLimits } from '../../../src/heroku/token-limits.ts'

/** A request as it came, with its body. */
export type Received = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { body: string }
export type Answer = (response: ServerResponse, received: Received) => void

/** A server that answers every request in one way, and remembers what it was sent. */
export async function startTinyServer(answer: Answer): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request
    const one = { method, url, headers, body: await text(request) }
    received.push(one)
    answer(response, one)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

/** Answers JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

export type CallSetup = {
  connections?: number
  callTimeoutMs?: number
  acquire?: () => Promise<boolean>
  now?: () => Date
  onRateLimited?: (ms: number) => Promise<void>
  judge?: Partial<FailureJudge>
}

/** The way out to a server, with a budget that is never spent unless the test gives another. */
export function callTo(baseUrl: string, setup: CallSetup = {}): HerokuCall {
  const now = setup.now ?? (() => new Date('2026-03-03T12:00:00Z'))
  const dispatcher = createDispatcher({ connections: setup.connections ?? 4 })
  onTestFinished(() => dispatcher.close())
  return createHerokuCall({
    baseUrl,
    sendRequest: createSendRequest(dispatcher, setup.callTimeoutMs ?? 2_000),
    budget: { acquire: setup.acquire ?? (async () => true) },
    judge: {
      waitMs: () => 0,
      succeeded: () => undefined,
      failed: async () => undefined,
      ...setup.judge,
    },
    limits: createTokenLimits(now),
    refusal: () => undefined,
    userAgent: 'securekey test',
    onRateLimited: setup.onRateLimited ?? (async () => {}),
  })
}
