import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { pickPort } from '../../local/ports.ts'

/** Something else that listens on a port, which is answered. */
async function occupy(host: string | undefined): Promise<number> {
  const server: Server = createServer().listen({ port: 0, ...(host && { host }) })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

test('the wished port is taken when it is free', async () => {
  const { port } = await pickPort(undefined)
  expect(await pickPort(port)).toEqual({ port, instead: false })
})

test.each([
  ['the loopback address', '127.0.0.1'],
  ['all addresses', undefined],
])('another one is picked, and said to be another, when somebody listens on %s', async (_where, host) => {
  const taken = await occupy(host)
  const picked = await pickPort(taken)
  expect(picked.instead).toBe(true)
  expect(picked.port).not.toBe(taken)
  expect(picked.port).toBeGreaterThan(0)
})
