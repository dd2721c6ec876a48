import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { GOOD, KEY } from './certificates.ts'

/** A POST as it came to a receiver. */
export type Post = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { body: string }

export type Receiver = {
  url: string
  port: number
  posts: Post[]
  /** How many connections were ever made to it. */
  connections: () => number
  /** What it answers from now on. */
  answer: (next: Answering) => void
}

export type Answering = number | ((response: ServerResponse, post: Post) => void)

/** A customer's receiver: it remembers what it was sent and answers as it is told, 204 unless told otherwise. */
export async function startReceiver(
  answering: Answering = 204,
  { tls = false, early = false }: { tls?: boolean; early?: boolean } = {},
): Promise<Receiver> {
  const posts: Post[] = []
  let present = answering
  let connected = 0
  const respond = (response: ServerResponse, post: Post) => {
    if (typeof present === 'function') present(response, post)
    else response.writeHead(present).end()
  }
  const listener: RequestListener = async (request, response) => {
    const { method, url, headers } = request
    const post = { method, url, headers, body: '' }
    posts.push(post)
    // Answers before it has read what it was sent.
    if (early) respond(response, post)
    post.body = await text(request).catch(() => '')
    if (!early) respond(response, post)
  }
  const server = tls ? createTlsServer({ key: KEY, cert: GOOD }, listener) : createServer(listener)
  server.on('connection', () => {
    connected += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/hooks`,
    port,
    posts,
    connections: () => connected,
    answer(next) {
      present = next
    },
  }
}
