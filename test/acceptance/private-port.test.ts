import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { exchange, knock, requestText, statusesIn } from '../support/private-side.ts'
import { headerOf, LOCAL_HEADER } from '../support/proxy-header.ts'
import { startService } from './support/service.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('a web process with PRIVATELINK_PORT serves both ports, and a SIGTERM ends both in time', async () => {
  const port = await freePort()
  const service = await startService({ env: { PRIVATELINK_PORT: String(port) } })
  await service.web.printed(/private side listening/)
  const close = { connection: 'close' }
  expect(statusesIn(await exchange(port, LOCAL_HEADER, requestText('/healthz', close)))).toEqual([200])
  expect(statusesIn(await exchange(port, headerOf(), requestText('/v1/resource', close)))).toEqual([403])
  expect(await exchange(port, requestText('/healthz', close))).toBe('')
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
  const silent = await knock(port)
  service.web.signal('SIGTERM')
  expect(await service.web.end).toBe(0)
  expect(silent.readableEnded || silent.destroyed || (await once(silent, 'close'))).toBeTruthy()
  await expect(knock(port)).rejects.toThrow('ECONNREFUSED')
})
