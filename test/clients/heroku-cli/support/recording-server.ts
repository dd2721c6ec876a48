import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export type Recorded = { method: string; path: string; headers: IncomingMessage['headers']; body: string }

/** A server on this machine that answers as it is told, and keeps what it was sent. */
export async function recordingServer(
  answer: (request: Recorded, response: ServerResponse) => void,
): Promise<{ url: string; requests: Recorded[] }> {
  const requests: Recorded[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    const recorded = { method, path, headers, body: await text(request) }
    requests.push(recorded)
    answer(recorded, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, ...headers })
  response.end(JSON.stringify(body))
}
