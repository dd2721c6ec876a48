import { randomUUID } from 'node:crypto'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { PASSWORD } from '../../support/harness.ts'

export const CREDENTIALS = basic('securekey', PASSWORD)

/** The headers that Heroku sends. */
export const HEADERS = {
  accept: 'application/vnd.heroku-addons+json; version=3',
  'content-type': 'application/json',
  authorization: CREDENTIALS,
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

export type PartnerCall = {
  method: 'POST' | 'PUT' | 'DELETE' | 'GET' | 'PATCH'
  path?: string
  /** An object is sent as JSON, a text as it is. */
  body?: unknown
  /** Replace those that Heroku sends; undefined takes one away. */
  headers?: Record<string, string | undefined>
}

/** Calls the provisioning API as Heroku does. */
export async function callPartnerApi(app: FastifyInstance, call: PartnerCall) {
  const headers = Object.entries({ ...HEADERS, ...call.headers }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  const request: InjectOptions = {
    method: call.method,
    url: `/heroku/resources${call.path ?? ''}`,
    headers: Object.fromEntries(headers),
  }
  if (call.body !== undefined) {
    request.payload = typeof call.body === 'string' ? call.body : JSON.stringify(call.body)
  }
  const response = await app.inject(request)
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    json: response.body === '' ? undefined : response.json(),
  }
}

/** A provision request as Heroku sends it, of a resource that nobody else has. */
export function provisionBody(
  more: Record<string, unknown> = {},
): Record<string, unknown> & { uuid: string } {
  const uuid = randomUUID()
  return {
    uuid,
    callback_url: `https://api.heroku.com/addons/${uuid}`,
    name: 'acme-inc-primary-keys',
    oauth_grant: null,
    options: {},
    plan: 'fortnightly',
    region: 'amazon-web-services::us-east-1',
    ...more,
  }
}

/** Provisions a resource and answers its id. */
export async function provisionOne(
  app: FastifyInstance,
  more: Record<string, unknown> = {},
): Promise<string> {
  const body = provisionBody(more)
  const answer = await callPartnerApi(app, { method: 'POST', body })
  if (answer.status !== 200) throw new Error(`not provisioned: ${answer.text}`)
  return body.uuid
}
