import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** One request that went through, whole. */
export type Passed = {
  method: string
  path: string
  head: string
  body: string
  status: number
  answer: string
}

/** A server in front of another one, which keeps what goes through it: `passed` may be emptied, `sent` is all of it. */
export type RecordingProxy = {
  url: string
  passed: Passed[]
  sent: readonly Passed[]
  leadTo: (url: string) => void
  close: () => Promise<void>
}

export async function recordingProxy(): Promise<RecordingProxy> {
  const passed: Passed[] = []
  const sent: Passed[] = []
  let target = ''
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const { method = '', url: path = '', rawHeaders } = request
    const { host: _, ...headers } = request.headers
    const forward = send(new URL(path, target), {
      method,
      headers: { ...headers, host: request.headers.host },
    })
    forward.on('error', () => response.destroy())
    forward.on('response', async (answered) => {
      const answer = await buffer(answered)
      const status = answered.statusCode ?? 0
      const whole = {
        method,
        path,
        head: rawHeaders.join('\n'),
        body: body.toString(),
        status,
        answer: answer.toString(),
      }
      passed.push(whole)
      sent.push(whole)
      response.writeHead(status, answered.headers).end(answer)
    })
    forward.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    sent,
    leadTo(url) {
      target = url
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
