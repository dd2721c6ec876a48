import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import type { ServiceCall } from './service-call.ts'

/** The service's answer; `json` is undefined when the body is not valid JSON. */
export type ServiceAnswer = { status: number; json: unknown; failure: string | null }

/**
 * Calls the add-on service as Heroku does: vendor media type, basic auth with the manifest's id and password, 25 s to
 * answer, no redirects (Add-on Partner API Reference). A failed connection is an answer with status 0.
 */
export async function callService(
  heroku: Heroku,
  request: { method: 'POST' | 'PUT' | 'DELETE'; path: string; body?: string },
): Promise<ServiceAnswer> {
  const { addon, partnerApi, serviceTimeoutMs } = heroku.settings
  const url = `${addon.baseUrl}${request.path}`
  const call: ServiceCall = {
    at: timestamp(heroku),
    method: request.method,
    url,
    body: request.body ?? null,
    status: 0,
    answer: '',
    failure: null,
  }
  heroku.serviceCalls.push(call)
  try {
    const response = await fetch(url, {
      method: request.method,
      headers: {
        accept: partnerApi === 'v1' ? 'application/json' : 'application/vnd.heroku-addons+json; version=3',
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`${addon.id}:${addon.password}`).toString('base64')}`,
        'user-agent': 'heroku-simulator/1',
      },
      body: request.body ?? null,
      redirect: 'manual',
      signal: AbortSignal.any([heroku.closing.signal, AbortSignal.timeout(serviceTimeoutMs)]),
    })
    call.answer = await response.text()
    call.status = response.status
  } catch (error) {
    call.failure = failureText(error, serviceTimeoutMs)
  }
  heroku.events.emit({ type: 'service-call', call: { ...call } })
  return { status: call.status, json: parsed(call.answer), failure: call.failure }
}

function failureText(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'unknown failure'
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  return error.cause instanceof Error ? error.cause.message : error.message
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
