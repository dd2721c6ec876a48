import type { LinkStatus } from '../../../src/domain/private-link.ts'
import { type HarnessWithAddon, startWithAddon } from '../../support/addon.ts'
import type { HarnessOptions } from '../../support/harness.ts'
import { NLBS } from '../../support/private-links.ts'

/** A token of Ann's at Heroku: in the simulator her address is her key. */
export const ANNS_TOKEN = 'ann@example.com'
export const SERVICE_NAME = 'com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0'
/** A service that offers private links, and no AWS that would ever answer. */
export const LINKS_ON = {
  PRIVATELINK_NLBS: NLBS,
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'none',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
}

type Answer = { status: number; headers: Headers; text: string; body: Record<string, unknown> }

/** An add-on on a private plan, and the API that Heroku's plugin speaks. */
export async function startWithPrivateAddon(
  options: HarnessOptions & { plan?: string } = {},
): Promise<HarnessWithAddon & { send: Send }> {
  const h = await startWithAddon({
    plan: 'private-fortnightly',
    ...options,
    env: { ...LINKS_ON, ...options.env },
  })
  return { ...h, send: senderTo(h) }
}

type Send = ReturnType<typeof senderTo>

/** Sends a request as the plugin does; `token` is the password of basic auth, `authorization` stands for the whole header. */
function senderTo(h: HarnessWithAddon) {
  return async (
    method: string,
    more: {
      path?: string
      addon?: string
      body?: unknown
      token?: string
      authorization?: string | null
      from?: string
    } = {},
  ): Promise<Answer> => {
    const { path = '', addon = h.addon.name, token = ANNS_TOKEN, body } = more
    const basic = `Basic ${Buffer.from(`:${token}`).toString('base64')}`
    const authorization = more.authorization === undefined ? basic : more.authorization
    const response = await fetch(`${h.url}/private-link/v0/databases/${addon}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        accept: 'application/vnd.heroku+json; version=3',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(authorization !== null && { authorization }),
        ...(more.from && { 'x-forwarded-for': more.from }),
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
  }
}

/** Puts a link into a state as the worker would. */
export async function setLink(
  h: HarnessWithAddon,
  set: { status: LinkStatus; service_name?: string; failure?: string },
): Promise<void> {
  const { service_name: name } = set
  const more = name === undefined ? {} : { service_id: name.split('.').at(-1) ?? '' }
  await h.deps.db
    .updateTable('private_links')
    .set({ ...set, ...more })
    .where('resource_id', '=', h.addon.id)
    .execute()
}
