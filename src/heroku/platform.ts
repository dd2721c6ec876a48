import type { ConfigVars } from '../domain/config-vars.ts'
import type { HerokuResult } from '../domain/heroku-failure.ts'
import { type ConfigVarNames, type HeldConfig, readAddonConfig, showsValue } from './addon-config.ts'
import type { HerokuCall } from './call.ts'

/** Who calls, for which resource. The token reaches only that resource and what is attached to it. */
export type Access = { resourceId: string; accessToken: string; signal?: AbortSignal }

/** An app that a resource is attached to. App names change, so apps are known by id. */
export type Attachment = { appId: string; appName: string; attachmentName: string }

/** A release of an app; `byAddon` when it was cut for this add-on's config var. */
export type Release = { version: number; status: string; createdAt: Date; byAddon: boolean }

/** api.heroku.com, as far as a partner uses it (Platform API for Partners). */
export type Platform = {
  /** The present values of the add-on's config vars. */
  readConfig: (access: Access) => Promise<HerokuResult<HeldConfig>>
  /** Sets both config vars, in one release of every attached app, and checks that the answer holds the pair. */
  writeConfig: (access: Access, vars: ConfigVars) => Promise<HerokuResult<void>>
  listAttachments: (access: Access) => Promise<HerokuResult<Attachment[]>>
  /** The newest releases of an app, newest first. Only partners who were granted it may ask; others get `refused`. */
  listReleases: (access: Access, appId: string) => Promise<HerokuResult<Release[]>>
}

export type PlatformOptions = ConfigVarNames & { addonId: string }

const RELEASES_ASKED = 20

/** `call` goes to api.heroku.com. */
export function createPlatform(call: HerokuCall, options: PlatformOptions): Platform {
  const { addonId, configVar, keyringVar } = options

  function get(access: Access, path: string, headers: Record<string, string> = {}) {
    return call({ method: 'GET', path, headers: { ...headersOf(access), ...headers }, ...callerOf(access) })
  }

  return {
    async readConfig(access) {
      const result = await get(access, `/addons/${access.resourceId}/config`)
      if (!result.ok) return result
      const held = readAddonConfig(result.value, options)
      return held ? { ok: true, value: held } : unreadable('the config is not a list')
    },

    async writeConfig(access, { pair, keyring }) {
      const config = [
        { name: configVar, value: pair },
        { name: keyringVar, value: keyring },
      ]
      const result = await call({
        method: 'PATCH',
        path: `/addons/${access.resourceId}/config`,
        headers: { ...headersOf(access), 'content-type': 'application/json' },
        body: JSON.stringify({ config }),
        ...callerOf(access),
      })
      if (!result.ok) return result
      if (showsValue(result.value, pair)) return { ok: true, value: undefined }
      if (!readAddonConfig(result.value, options)) return unreadable('the config is not a list')
      return { ok: false, failure: { kind: 'mismatch', detail: 'the answer does not hold what was sent' } }
    },

    async listAttachments(access) {
      const page = { range: 'id ..; max=1000' }
      const result = await get(access, `/addons/${access.resourceId}/addon-attachments`, page)
      if (!result.ok) return result
      if (!Array.isArray(result.value)) return unreadable('the attachments are not a list')
      return {
        ok: true,
        value: objects(result.value).flatMap(({ app, name }) => {
          const [{ id, name: appName } = {}] = objects([app])
          return typeof id === 'string'
            ? [{ appId: id, appName: String(appName), attachmentName: String(name) }]
            : []
        }),
      }
    },

    async listReleases(access, appId) {
      const range = { range: `version ..; max=${RELEASES_ASKED}, order=desc` }
      const result = await get(access, `/apps/${encodeURIComponent(appId)}/releases`, range)
      if (!result.ok) return result
      if (!Array.isArray(result.value)) return unreadable('the releases are not a list')
      return { ok: true, value: objects(result.value).map((release) => readRelease(release, addonId)) }
    },
  }
}

function readRelease(release: Record<string, unknown>, addonId: string): Release {
  const [user] = objects([release.user])
  return {
    version: Number(release.version),
    status: String(release.status),
    createdAt: new Date(String(release.created_at)),
    byAddon: user?.email === `${addonId}@addons.heroku.com`,
  }
}

function headersOf(access: Access): Record<string, string> {
  return {
    accept: 'application/vnd.heroku+json; version=3',
    authorization: `Bearer ${access.accessToken}`,
  }
}

function callerOf(access: Access): { tokenOf: string; signal?: AbortSignal } {
  return { tokenOf: access.resourceId, ...(access.signal ? { signal: access.signal } : {}) }
}

function objects(list: unknown): Record<string, unknown>[] {
  if (!Array.isArray(list)) return []
  return list.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null)
}

function unreadable(detail: string): HerokuResult<never> {
  return { ok: false, failure: { kind: 'unavailable', detail } }
}
