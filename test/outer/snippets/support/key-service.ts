import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { stateNamed } from './lives-through-rotations.ts'

const WAIT_LIMIT_MS = 60_000

/** A service that hands out the keys of a state of the vectors, to whoever brings its token. */
export type KeyService = {
  /** For a process that asks it. */
  variables: { SECURE_KEY_URL: string; SECURE_KEY_TOKEN: string }
  /** Resolves with the kid that a process has said to sign with; it has taken the keys by then. */
  checkedIn: () => Promise<string>
  stop: () => Promise<void>
}

/** Starts it on a port of its own. It answers nobody before `opened` is resolved. */
export async function keyService(state: string, opened?: Promise<void>): Promise<KeyService> {
  const token = 'sk_api_of_a_test'
  const { secure_key, secure_keyring } = stateNamed(state)
  const signing: string[] = []
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end()
    if (request.method === 'POST' && request.url === '/v1/check-ins') {
      signing.push(JSON.parse(await bodyOf(request)).signs_with)
      server.emit('checked-in')
      return response.writeHead(204).end()
    }
    if (request.method !== 'GET' || request.url !== '/v1/keyring') return response.writeHead(404).end()
    await opened
    response.setHeader('content-type', 'application/json; charset=utf-8')
    response.setHeader('etag', `"${state}"`)
    response.setHeader('refresh-after', '3600')
    return response.end(JSON.stringify({ secure_key, secure_keyring }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it has no port')
  return {
    variables: { SECURE_KEY_URL: `http://127.0.0.1:${address.port}/v1`, SECURE_KEY_TOKEN: token },
    checkedIn: async () => {
      if (signing.length === 0)
        await once(server, 'checked-in', { signal: AbortSignal.timeout(WAIT_LIMIT_MS) })
      return signing.at(-1) ?? ''
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
