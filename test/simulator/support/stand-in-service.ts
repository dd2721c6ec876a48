import fastify from 'fastify'

/** A request that the stand-in has received. */
export type Received = {
  method: string
  url: string
  headers: Record<string, unknown>
  body: unknown
  text: string
}

/** What it answers next; without one it provisions with `SECURE_KEY = FIRST,SECOND`. */
export type Reply = { status: number; body?: unknown; text?: string; hold?: Promise<unknown> }

/** The least that a securekey service is: it remembers what it was sent and answers as it is told. */
export type StandInService = {
  url: string
  received: Received[]
  replyWith: (reply: Reply | ((request: Received) => Reply | Promise<Reply>)) => void
  close: () => Promise<void>
}

export async function startStandInService(): Promise<StandInService> {
  const server = fastify({ forceCloseConnections: true })
  const received: Received[] = []
  let next: ((request: Received) => Reply | Promise<Reply>) | undefined
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  server.all('/*', async (request, reply) => {
    const text = typeof request.body === 'string' ? request.body : ''
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const record = { method: request.method, url: request.url, headers: request.headers, body, text }
    received.push(record)
    const answer = await (next ?? standardReply)(record)
    await answer.hold
    reply.code(answer.status)
    if (answer.text !== undefined) return reply.type('text/html').send(answer.text)
    return answer.body === undefined ? reply.send() : reply.send(answer.body)
  })
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    received,
    replyWith: (reply) => {
      next = typeof reply === 'function' ? reply : () => reply
    },
    close: () => server.close(),
  }
}

/** The answers of a service that works. */
export function standardReply(request: Received): Reply {
  if (request.method === 'DELETE') return { status: 204 }
  if (request.method === 'PUT') return { status: 200, body: { message: 'plan changed' } }
  const { uuid } = request.body as { uuid: string }
  return { status: 200, body: { id: uuid, config: { SECURE_KEY: 'FIRST,SECOND' }, message: 'Welcome' } }
}
