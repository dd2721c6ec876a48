import type { Simulator } from '../../../simulator/src/simulator.ts'
import type { StandInService } from './stand-in-service.ts'

export const CLIENT_SECRET = 'the-client-secret'

/** An answer of the simulator as a partner reads it. */
export type ApiAnswer = { status: number; headers: Headers; body: unknown }

/** Asks for tokens with a form, as a service does. */
export async function askTokens(simulator: Simulator, params: Record<string, string>): Promise<ApiAnswer> {
  const response = await fetch(`${simulator.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_secret: CLIENT_SECRET, ...params }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** Exchanges the grant of the newest provision request and answers the tokens. */
export async function exchangeGrant(simulator: Simulator, service: StandInService): Promise<Tokens> {
  const answer = await askTokens(simulator, { grant_type: 'authorization_code', code: grantCode(service) })
  return answer.body as Tokens
}

export type Tokens = { access_token: string; refresh_token: string; expires_in: number }

/** The code in the newest provision request. */
export function grantCode(service: StandInService): string {
  const post = service.received.findLast(({ method }) => method === 'POST')
  const body = post?.body as { oauth_grant: { code: string } | null } | undefined
  return body?.oauth_grant?.code ?? ''
}

/** One call to the Platform API for Partners. */
export async function callApi(
  simulator: Simulator,
  token: string,
  request: { method?: string; path: string; body?: unknown; headers?: Record<string, string> },
): Promise<ApiAnswer> {
  const response = await fetch(simulator.url + request.path, {
    method: request.method ?? 'GET',
    headers: {
      accept: 'application/vnd.heroku+json; version=3',
      authorization: `Bearer ${token}`,
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    },
    body: request.body === undefined ? null : JSON.stringify(request.body),
    redirect: 'manual',
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

/** A PATCH of the add-on's only config var. */
export function patchKey(
  simulator: Simulator,
  token: string,
  addon: string,
  value: string | null,
): Promise<ApiAnswer> {
  const body = { config: [{ name: 'SECURE_KEY', value }] }
  return callApi(simulator, token, { method: 'PATCH', path: `/addons/${addon}/config`, body })
}
