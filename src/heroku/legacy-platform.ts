import type { ConfigVars } from '../domain/config-vars.ts'
import type { HerokuResult } from '../domain/heroku-failure.ts'
import { isSameMaterial } from '../domain/keyring-var.ts'
import { type HeldConfig, showsValue } from './addon-config.ts'
import { readAppInfo, readLogInputOfApp } from './app-info.ts'
import type { Call, HerokuCall } from './call.ts'
import { passwordHeaders } from './password-headers.ts'
import type { Access, Platform, PlatformOptions } from './platform.ts'

export type LegacyPlatformOptions = PlatformOptions & {
  /** Of the manifest. With the add-on's id it reaches the config of every app that has the add-on. */
  password: string
}

/**
 * api.heroku.com, as far as partners of the legacy API use it (Add-on Provider App Info API). It reads and writes the config
 * vars, by the add-on's password, and tells where the log of the owning app is. It tells of no attachments, releases or
 * people, so nothing is sent for these.
 */
export function createLegacyPlatform(call: HerokuCall, options: LegacyPlatformOptions): Platform {
  const { addonId, password, configVar, keyringVar } = options
  const headers = passwordHeaders(addonId, password)

  async function readConfig(access: Access): Promise<HerokuResult<HeldConfig>> {
    return await call({
      method: 'GET',
      path: pathOf(access),
      headers,
      read(body) {
        const held = readAppInfo(body, options)
        if (held) return { ok: true, value: held }
        return { ok: false, failure: { kind: 'unavailable', detail: 'the app info holds no config' } }
      },
      ...callerOf(access, 'read'),
    })
  }

  /** Whether the answer shows what was sent. What Heroku answers beside the status is not documented. */
  async function write(access: Access, { pair, keyring }: ConfigVars): Promise<HerokuResult<boolean>> {
    return await call({
      method: 'PUT',
      path: pathOf(access),
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ config: { [configVar]: pair, [keyringVar]: keyring } }),
      bodyIsOptional: true,
      read: (body) => ({ ok: true, value: showsValue(body, pair) && showsValue(body, keyring) }),
      ...callerOf(access, 'write'),
      resetIsReadBack: true,
    })
  }

  async function writeConfig(access: Access, vars: ConfigVars): Promise<HerokuResult<void>> {
    let written = await write(access, vars)
    for (let tries = 1; ; tries += 1) {
      if (written.ok && written.value) return { ok: true, value: undefined }
      if (!written.ok && (!written.failure.reset || access.signal?.aborted)) return written
      const present = await readConfig(access)
      if (!present.ok) return present
      if (isSameMaterial(present.value, vars)) return { ok: true, value: undefined }
      const detail = 'Heroku does not hold what was sent'
      if (written.ok) return { ok: false, failure: { kind: 'mismatch', detail } }
      // The connection was reset, and nothing has arrived.
      if (tries === MOST_TRIES) return written
      written = await write(access, vars)
    }
  }

  return {
    proof: 'password',
    readConfig,
    writeConfig,
    async readLogInput(access) {
      return await call({
        method: 'GET',
        path: pathOf(access),
        headers,
        read: (body) => ({ ok: true, value: readLogInputOfApp(body) }),
        ...callerOf(access, 'read'),
      })
    },

    readEndpointVars: async () => NOT_OFFERED,
    writeEndpointVars: async () => NOT_OFFERED,
    listAttachments: async () => NOT_OFFERED,
    listReleases: async () => NOT_OFFERED,
    listCollaborators: async () => NOT_OFFERED,
    showsReleases: () => false,
  }
}

const MOST_TRIES = 2

const NOT_OFFERED = {
  ok: false,
  failure: { kind: 'not-offered', detail: 'the legacy partner API has no such call' },
} as const

/** What the legacy API did not make is known to it by its id at Heroku. */
function pathOf({ resourceId, addonUuid = resourceId, callbackPath }: Access): string {
  return callbackPath ?? `/vendor/apps/${addonUuid}`
}

/** The password never ages, so a refusal of it says something of our account. */
function callerOf(
  { resourceId, signal }: Access,
  operation: 'read' | 'write',
): Pick<Call, 'about' | 'signal'> {
  return { about: { resourceId, operation, freshToken: true }, ...(signal ? { signal } : {}) }
}
