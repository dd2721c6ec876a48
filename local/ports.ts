import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port to listen on, and whether it is another than the one wished for. */
export type PickedPort = { port: number; instead: boolean }

/** The wished port when it is free, else any free one; `undefined` wishes for none. Answers may be outrun by others. */
export async function pickPort(wished: number | undefined): Promise<PickedPort> {
  if (wished !== undefined && (await isFree(wished))) return { port: wished, instead: false }
  return { port: await anyFreePort(), instead: wished !== undefined }
}

/** A port that is taken on all addresses may still look free on the loopback address, so both are tried. */
async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', undefined]) {
    if ((await listenedOn(port, host)) === undefined) return false
  }
  return true
}

async function anyFreePort(): Promise<number> {
  const port = await listenedOn(0, '127.0.0.1')
  if (port === undefined) throw new Error('No free port was found.')
  return port
}

/** Listens for a moment; the port that it was, or undefined when it cannot be had. */
async function listenedOn(port: number, host: string | undefined): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen({ port, exclusive: true, ...(host && { host }) })
    await once(server, 'listening')
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : undefined
  } catch {
    return undefined
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
