import { cleanText } from '../domain/clean-text.ts'
import type { HerokuResult } from '../domain/heroku-failure.ts'
import { parseResourceId } from '../domain/resource-id.ts'
import type { HerokuCall } from './call.ts'
import { passwordHeaders } from './password-headers.ts'
import { objectOf } from './read-objects.ts'

/** An add-on as the legacy API lists it: its id here and at Heroku. What it does not tell is null. */
export type LegacyApp = { providerId: string; addonUuid: string | null; name: string | null }

/** One page of the list; `next` is the address of the one that follows. */
export type LegacyApps = { apps: LegacyApp[]; next: string | null }

/** What the legacy API tells of all add-ons together, and the grants by which they move to version 3. */
export type LegacyDirectory = {
  /** Add-ons that Heroku knows, from a page on; the first without `next`. */
  listApps: (next?: string) => Promise<HerokuResult<LegacyApps>>
  /** A grant code for an add-on that has none. Heroku hands them out to partners who have asked for that. */
  grantFor: (addonUuid: string) => Promise<HerokuResult<{ code: string; expiresAt: unknown }>>
}

const APPS = '/vendor/apps'
const LONGEST_CODE = 500
const LONGEST_NAME = 200

/** `call` goes to api.heroku.com. Its calls are nobody's: a refusal of them says nothing of an add-on. */
export function createLegacyDirectory(
  call: HerokuCall,
  { addonId, password, baseUrl }: { addonId: string; password: string; baseUrl: string },
): LegacyDirectory {
  const headers = passwordHeaders(addonId, password)
  return {
    async listApps(next = APPS) {
      return await call({
        method: 'GET',
        path: next,
        headers,
        read(body, link) {
          if (!Array.isArray(body)) return unreadable('the apps are not a list')
          return { ok: true, value: { apps: body.flatMap(readApp), next: nextOf(link, baseUrl) } }
        },
      })
    },
    async grantFor(addonUuid) {
      return await call({
        method: 'GET',
        path: `/vendor/resources/${addonUuid}/oauth-grant`,
        headers,
        read: (body) => readGrant(body) ?? unreadable('the answer holds no grant code'),
      })
    },
  }
}

function readApp(app: unknown): LegacyApp[] {
  const { provider_id: id, callback_url: callback, resource } = objectOf(app)
  if (typeof id !== 'string' && typeof id !== 'number') return []
  const { uuid, name } = objectOf(resource)
  const inCallback = typeof callback === 'string' ? callback.slice(callback.lastIndexOf('/') + 1) : ''
  return [
    {
      providerId: String(id).toLowerCase(),
      addonUuid: parseResourceId(typeof uuid === 'string' ? uuid : inCallback) ?? null,
      name: typeof name === 'string' ? cleanText(name, LONGEST_NAME) || null : null,
    },
  ]
}

/** `{code, expires_at}`, alone or under `oauth_grant`, as a provision request has it. */
function readGrant(body: unknown): HerokuResult<{ code: string; expiresAt: unknown }> | undefined {
  const outer = objectOf(body)
  const { code, expires_at: expiresAt } = 'oauth_grant' in outer ? objectOf(outer.oauth_grant) : outer
  if (typeof code !== 'string' || code === '' || code.length > LONGEST_CODE) return undefined
  return { ok: true, value: { code, expiresAt } }
}

/** `<https://api.heroku.com/vendor/apps?offset=4000>; rel="next"`: followed at Heroku alone, since the password goes along. */
function nextOf(link: string, baseUrl: string): string | null {
  const [, address = ''] = /<([^>]{1,500})>\s*;\s*rel="?next"?/.exec(link) ?? []
  if (!URL.canParse(address, baseUrl)) return null
  const url = new URL(address, baseUrl)
  const isOurs = url.origin === new URL(baseUrl).origin && url.pathname === APPS && address !== ''
  return isOurs ? `${url.pathname}${url.search}` : null
}

function unreadable(detail: string): HerokuResult<never> {
  return { ok: false, failure: { kind: 'unavailable', detail } }
}
