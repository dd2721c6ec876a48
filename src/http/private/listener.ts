import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { makePrivate, type PrivatePeer } from './peers.ts'
import { type HeaderProblem, type ProxyHeader, readProxyHeader } from './proxy-header.ts'

/** The listener behind the load balancer of the private side. */
export type PrivateListener = {
  /** Hands what comes at this address on to the server, which is that of the public side too. Returns the port. */
  listen: (server: HttpServer, at: { host: string; port: number }) => Promise<number>
  /** Takes no more connections, and ends those that have not said yet whose they are. */
  stop: () => void
  /** Resolves when the last connection has ended. */
  ended: () => Promise<void>
}

/** How much of each is taken. */
export type PrivateLimits = {
  /** Within this time a header must have come in whole. */
  headerMs: number
  /** Connections altogether, those without a header yet, and those through one endpoint. */
  most: number
  mostWithoutHeader: number
  mostOfEndpoint: number
}

const LIMITS: PrivateLimits = { headerMs: 5_000, most: 2_000, mostWithoutHeader: 200, mostOfEndpoint: 200 }

type Dropped = HeaderProblem | 'late' | 'ended' | 'too-many-of-endpoint' | 'too-many-without-header'

/**
 * Listens for connections that a Network Load Balancer passes on with a header of the PROXY protocol, version 2, in front.
 * One that begins with anything else is closed without a word.
 */
export function createPrivateListener(
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
  limits: Partial<PrivateLimits> = {},
): PrivateListener {
  const { headerMs, most, mostWithoutHeader, mostOfEndpoint } = { ...LIMITS, ...limits }
  const waiting = new Set<Socket>()
  const ofEndpoint = new Map<string, number>()
  const ended = Promise.withResolvers<void>()
  let serve: (socket: Socket) => void = (socket) => socket.destroy()
  // As node:http makes its own.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (waiting.size >= mostWithoutHeader) return drop(socket, 'too-many-without-header')
    awaitHeader(socket)
  })
  server.maxConnections = most

  function awaitHeader(socket: Socket): void {
    let bytes = Buffer.alloc(0)
    const timer = setTimeout(() => leave('late'), headerMs)
    const onData = (more: Buffer) => {
      bytes = Buffer.concat([bytes, more])
      const header = readProxyHeader(bytes)
      if (header.is === 'refused') leave(header.because)
      else if (header.is !== 'partial') pass(header)
    }
    const onEnd = () => leave('ended')
    // One that is broken off says nothing worth a line.
    const onError = () => socket.destroy()

    function letGo() {
      clearTimeout(timer)
      waiting.delete(socket)
      socket.off('data', onData).off('end', onEnd).off('close', letGo)
    }
    function leave(because: Dropped) {
      letGo()
      drop(socket, because)
    }
    function pass(header: Exclude<ProxyHeader, { is: 'partial' | 'refused' }>) {
      letGo()
      const peer =
        header.is === 'local'
          ? { address: null, endpointId: null }
          : { address: header.address, endpointId: header.endpointId }
      if (!hasRoom(socket, peer)) return drop(socket, 'too-many-of-endpoint')
      makePrivate(socket, peer)
      socket.off('error', onError)
      socket.pause()
      // What came in the same packet is the beginning of the first request.
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length))
      serve(socket)
      socket.resume()
    }

    waiting.add(socket)
    socket.on('data', onData).on('end', onEnd).on('close', letGo).on('error', onError)
  }

  function hasRoom(socket: Socket, { endpointId }: PrivatePeer): boolean {
    if (endpointId === null) return true
    const others = ofEndpoint.get(endpointId) ?? 0
    if (others >= mostOfEndpoint) return false
    ofEndpoint.set(endpointId, others + 1)
    socket.once('close', () => {
      const left = (ofEndpoint.get(endpointId) ?? 1) - 1
      if (left > 0) ofEndpoint.set(endpointId, left)
      else ofEndpoint.delete(endpointId)
    })
    return true
  }

  function drop(socket: Socket, because: Dropped): void {
    socket.on('error', () => {}).destroy()
    // A health check by TCP alone connects and leaves.
    if (because !== 'ended') log.warn({ because }, 'private connection dropped')
  }

  return {
    async listen(http, at) {
      serve = (socket) => http.emit('connection', socket)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      server.once('error', reject)
      server.listen({ ...at }, resolve)
      await promise
      server.off('error', reject)
      server.on('error', (error) => log.warn({ err: error }, 'private listener failed'))
      const { port } = server.address() as AddressInfo
      log.info({ port }, 'private side listening')
      return port
    },
    stop() {
      server.close(() => ended.resolve())
      for (const socket of waiting) socket.destroy()
    },
    ended: () => ended.promise,
  }
}
