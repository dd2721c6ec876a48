import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/** Sends the head of a request as it stands, and returns all that comes back until the connection ends. */
export async function sendRaw(url: string, head: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`${head}Connection: close\r\n\r\n`)
  return await text(socket)
}
