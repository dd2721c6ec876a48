import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiCall, CallStatus } from './api-call.ts'
import type { Answer } from './endpoint.ts'
import type { Hit } from './faults.ts'
import type { Heroku } from './heroku.ts'
import { sendAnswer } from './send-answer.ts'

type Playing = {
  request: FastifyRequest
  reply: FastifyReply
  record: ApiCall
  perform: () => Promise<Answer>
}

const ERROR_IDS: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  402: 'delinquent',
  403: 'forbidden',
  404: 'not_found',
  406: 'not_acceptable',
  410: 'gone',
  422: 'invalid_params',
  429: 'rate_limit',
  500: 'internal_server_error',
  503: 'service_unavailable',
}

/** Plays a fault on one call. What the service sees and what Heroku has applied part ways here, on purpose. */
export async function playFault(heroku: Heroku, hit: Hit, playing: Playing): Promise<void> {
  const { request, reply, record, perform } = playing
  const { fault } = hit
  const apply = async () => {
    const answer = await perform()
    record.applied = takesEffect(record, answer)
    return answer
  }
  const answerWith = (answer: Answer) => {
    heroku.apiCalls.end(record, answer.status)
    sendAnswer(request, reply, answer)
  }
  const drop = (status: CallStatus) => {
    heroku.apiCalls.end(record, status)
    reply.hijack()
    if (status !== 'hung') reply.raw.destroy()
  }
  switch (fault.kind) {
    case 'status':
      return answerWith(errorAnswer(fault.status, fault))
    case 'latency': {
      const answer = await apply()
      await wait(fault.ms, heroku.closing.signal)
      return answerWith(answer)
    }
    case 'lost-answer':
      await apply()
      return drop('lost')
    case 'status-after-write':
      await apply()
      return answerWith(errorAnswer(fault.status ?? 503, {}))
    case 'cut':
      return drop('cut')
    case 'hang':
      if (fault.apply === true) await apply()
      return drop('hung')
    case 'garbage-body':
      if (fault.apply !== false) await apply()
      heroku.apiCalls.end(record, 200)
      reply.type('text/html').send('<html><body>Heroku | Application Error</body>')
      return
    case 'truncated-body':
      truncate(reply, await apply(), () => heroku.apiCalls.end(record, 'lost'))
      return
    case 'delayed-apply':
      hit.holdBack(() => void apply())
      return drop(fault.answer === 'hang' ? 'hung' : 'delayed')
    case 'redirect':
      heroku.apiCalls.end(record, fault.status ?? 302)
      reply
        .code(fault.status ?? 302)
        .header('location', fault.location ?? `${heroku.url()}/simulator/elsewhere`)
      reply.send('')
  }
}

/** Closes the record of a call that was answered as it should be. */
export function finish(heroku: Heroku, record: ApiCall, answer: Answer): void {
  record.applied = takesEffect(record, answer)
  heroku.apiCalls.end(record, answer.status)
}

function takesEffect(record: ApiCall, answer: Answer): boolean {
  return record.method !== 'GET' && answer.status < 300
}

function errorAnswer(
  status: number,
  fault: { id?: string; message?: string; retryAfter?: number; body?: unknown },
): Answer {
  const body = fault.body ?? {
    id: fault.id ?? ERROR_IDS[status] ?? 'error',
    message: fault.message ?? 'The simulator was told to fail this call.',
  }
  const headers: Record<string, string> =
    fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
  return { status, body, headers }
}

/** Announces the whole body, sends half of it and cuts the connection once the half is out. */
function truncate(reply: FastifyReply, answer: Answer, ended: () => void): void {
  const text = Buffer.from(JSON.stringify(answer.body))
  ended()
  reply.hijack()
  reply.raw.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': text.length })
  reply.raw.write(text.subarray(0, Math.floor(text.length / 2)), () => reply.raw.destroy())
}

/** The one wait in real time: a test asked for it by a `latency` fault. It ends early when the simulator closes. */
function wait(ms: number, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      closing.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    closing.addEventListener('abort', done)
  })
}
