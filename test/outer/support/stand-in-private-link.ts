import { createServer, type IncomingMessage, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** What `/v1/privatelink` says next: a status and a body. */
export type Said = { status: number; body: object }

/** A server before the service that plays the PrivateLink part of its API, so that each state of an endpoint can be shown. */
export type StandIn = {
  url: string
  says: (...said: Said[]) => void
  /** What was asked of it, with the accounts that were named. */
  asked: { method: string; path: string; accounts: unknown }[]
  close: () => Promise<void>
}

export async function standInPrivateLink(service: string): Promise<StandIn> {
  const asked: StandIn['asked'] = []
  let next: Said[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '' } = request
    if (!path.startsWith('/v1/privatelink')) {
      const forward = send(new URL(path, service), { method, headers: request.headers }, (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.headers)
        answered.pipe(response)
      })
      forward.on('error', () => response.destroy())
      return void request.pipe(forward)
    }
    asked.push({ method, path, accounts: await accountsIn(request) })
    const said = next.length > 1 ? next.shift() : next[0]
    const type = (said?.status ?? 500) < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(said?.status ?? 500, { 'content-type': type }).end(JSON.stringify(said?.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    says(...said) {
      next = said
      asked.length = 0
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function accountsIn(request: IncomingMessage): Promise<unknown> {
  if (request.headers['content-type'] !== 'application/json') return null
  const body: unknown = await json(request)
  return typeof body === 'object' && body !== null && 'allowed_accounts' in body
    ? body.allowed_accounts
    : null
}
