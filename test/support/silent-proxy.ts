import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type SilentProxy = {
  /** The address of the database, by way of the proxy. */
  url: string
  /** From here on nothing passes on the connections that are open, in no direction; they stay open. New ones work. */
  silence: () => void
  /** Where new connections lead from here on. */
  leadTo: (url: string) => void
}

/** What a failover leaves: sockets that are open and dead. */
export async function startSilentProxy(databaseUrl: string): Promise<SilentProxy> {
  const sockets = new Set<Socket>()
  let target = new URL(databaseUrl)
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' ? address?.port : '')
  return {
    url: url.href,
    silence() {
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    leadTo(other) {
      target = new URL(other)
    },
  }
}
