import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { ANSWERED_BY, startBalancer, type Target } from '../../../local/formation/balancer.ts'

async function start() {
  const balancer = await startBalancer(0)
  onTestFinished(() => balancer.close())
  return balancer
}

async function startTarget(label: string, listener: RequestListener): Promise<Target> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  const address = server.address()
  return { label, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

/** A process that ended a moment ago: nobody listens at its port. */
async function goneTarget(label: string): Promise<Target> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return { label, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

const greet: RequestListener = (request, response) => {
  response.setHeader('set-cookie', ['a=1', 'b=2'])
  request.pipe(response)
}

async function answeredBy(url: string): Promise<string | null> {
  const answer = await fetch(url)
  await answer.text()
  return answer.headers.get(ANSWERED_BY)
}

test('processes take turns', async () => {
  const { url, add } = await start()
  for (const label of ['web.1', 'web.2']) add(await startTarget(label, greet))
  const turns = [await answeredBy(url), await answeredBy(url), await answeredBy(url), await answeredBy(url)]
  expect(turns.toSorted()).toEqual(['web.1', 'web.1', 'web.2', 'web.2'])
  expect(turns[0]).not.toBe(turns[1])
  expect(turns[0]).toBe(turns[2])
})

test('a body and every cookie go through', async () => {
  const { url, add } = await start()
  add(await startTarget('web.1', greet))
  const answer = await fetch(url, { method: 'POST', body: 'hello' })
  expect(await answer.text()).toBe('hello')
  expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
})

test('a page is asked of the next process when one is gone', async () => {
  const { url, add } = await start()
  add(await goneTarget('web.1'))
  add(await startTarget('web.2', greet))
  expect([await answeredBy(url), await answeredBy(url)]).toEqual(['web.2', 'web.2'])
})

test('what was taken out gets no further request', async () => {
  const { url, add, remove } = await start()
  const first = await startTarget('web.1', greet)
  add(first)
  add(await startTarget('web.2', greet))
  remove(first)
  expect([await answeredBy(url), await answeredBy(url)]).toEqual(['web.2', 'web.2'])
})

test('without a process the answer is 503', async () => {
  const { url, add } = await start()
  expect((await fetch(url)).status).toBe(503)
  add(await goneTarget('web.1'))
  expect((await fetch(url)).status).toBe(503)
})
