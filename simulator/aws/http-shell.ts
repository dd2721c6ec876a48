import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A call to one of the services, with its whole body. */
export type AwsCall = { request: IncomingMessage; body: Buffer }

/** A service of AWS behind the server that it shares with others. It ends every response, or leaves it hanging on command. */
export type Serve = (call: AwsCall, response: ServerResponse) => Promise<void>

export type AwsServer = {
  listen: (options?: { host?: string; port?: number }) => Promise<{ url: string }>
  close: () => Promise<void>
}

const LARGEST_BODY_BYTES = 100_000

/** Plain HTTP at one address, for all accounts and regions. Whoever starts it closes it. */
export function createAwsServer(serve: Serve): AwsServer {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => serve({ request, body }, response))
      .catch(() => response.destroy())
  })
  return {
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      server.listen(port, host)
      await once(server, 'listening')
      const { port: taken } = server.address() as AddressInfo
      return { url: `http://${host}:${taken}` }
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Plays the faults that are the same for every protocol. */
export async function playTransport(
  fault: { kind: 'status'; status: number } | { kind: 'cut' | 'hang' },
  { request }: AwsCall,
  response: ServerResponse,
): Promise<void> {
  if (fault.kind === 'status') {
    response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<html></html>')
  } else if (fault.kind === 'cut') response.destroy()
  else await once(request.socket, 'close')
}

/** The whole body. Throws when it is larger than any call is. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > LARGEST_BODY_BYTES) throw new Error('The body is too large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}
