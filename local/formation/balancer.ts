import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** A process of an app that takes requests. */
export type Target = { label: string; port: number }

/** What Heroku's router is to an app: one address, and every request goes to another of its processes. */
export type Balancer = {
  url: string
  /** Takes requests from now on. */
  add: (target: Target) => void
  /** Gets no further request; those under way go on. */
  remove: (target: Target) => void
  close: () => Promise<void>
}

/** Says which process answered, as no real router would. */
export const ANSWERED_BY = 'x-answered-by'

const ANSWER_LIMIT_MS = 10_000

/** Listens on this port of the loopback address, and takes turns among the targets; without one it answers 503. */
export async function startBalancer(port: number): Promise<Balancer> {
  let targets: Target[] = []
  let turn = 0

  function next(): Target | undefined {
    turn += 1
    return targets[turn % targets.length]
  }

  function handOn(incoming: IncomingMessage, outgoing: ServerResponse, triesLeft: number): void {
    const target = next()
    if (!target) {
      refuse(outgoing)
      return
    }
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'http' }
    const { method, url: path } = incoming
    const onward = request(
      { host: '127.0.0.1', port: target.port, method, path, headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, [ANSWERED_BY]: target.label })
        answer.pipe(outgoing)
        answer.on('error', () => outgoing.destroy())
      },
    )
    onward.setTimeout(ANSWER_LIMIT_MS, () => onward.destroy())
    onward.on('error', () => {
      if (outgoing.destroyed) return
      if (outgoing.headersSent) outgoing.destroy()
      // It may have ended a moment ago. What has a body cannot be sent again.
      else if (method === 'GET' && triesLeft > 0) handOn(incoming, outgoing, triesLeft - 1)
      else refuse(outgoing)
    })
    outgoing.on('close', () => onward.destroy())
    if (method === 'GET') onward.end()
    else incoming.pipe(onward)
  }

  const server = createServer((incoming, outgoing) => handOn(incoming, outgoing, targets.length - 1))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const listening = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${listening}`,
    add: (target) => {
      targets = [...targets, target]
    },
    remove: (target) => {
      targets = targets.filter((other) => other !== target)
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

function refuse(outgoing: ServerResponse): void {
  outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('No process of the app answers.\n')
}
