import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** An address that leads to one of several servers, as a DNS name or a proxy of a database provider does. */
export type TcpSwitch = {
  port: number
  /** Leads to another server from now on. Connections that are open stay with the one that they have. */
  leadTo: (port: number) => void
  close: () => Promise<void>
}

/** Starts a switch that leads to the server at this port. */
export async function startTcpSwitch(first: number): Promise<TcpSwitch> {
  let target = first
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect({ port: target, host: '127.0.0.1' })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the switch has no port')
  return {
    port: address.port,
    leadTo(port) {
      target = port
    },
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
