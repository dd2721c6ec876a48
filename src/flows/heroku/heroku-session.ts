import type { ConfigVars } from '../../domain/config-vars.ts'
import type { HerokuAddress } from '../../domain/heroku-address.ts'
import type { HerokuFailure, HerokuResult } from '../../domain/heroku-failure.ts'
import type { Collaborator } from '../../domain/makers.ts'
import type { HeldConfig } from '../../heroku/addon-config.ts'
import type { Access, Releases } from '../../heroku/platform.ts'
import type { Attachment } from '../../heroku/read-attachments.ts'
import type { AccessToken } from '../../store/oauth-tokens.ts'
import type { Deps } from '../deps.ts'
import { type Opener, postponed, refreshToken } from './refresh-token.ts'
import { takeOverApps } from './take-over-apps.ts'
import { takeOverName } from './take-over-name.ts'

/** Calls to Heroku on behalf of one resource. The session owns its tokens and refreshes them. */
export type HerokuSession = {
  readConfig: () => Promise<HerokuResult<HeldConfig>>
  writeConfig: (vars: ConfigVars) => Promise<HerokuResult<void>>
  /** The config vars of endpoints, and a change of them. */
  readEndpointVars: () => Promise<HerokuResult<Record<string, string>>>
  writeEndpointVars: (vars: Record<string, string | null>) => Promise<HerokuResult<void>>
  listAttachments: () => Promise<HerokuResult<Attachment[]>>
  listReleases: (appId: string, count: number) => Promise<HerokuResult<Releases>>
  /** Where the log of the owning app is written to now; null: it has no log input. */
  readLogInput: () => Promise<HerokuResult<string | null>>
  /** Who may work on an app. */
  listCollaborators: (appId: string) => Promise<HerokuResult<Collaborator[]>>
  /** Whether attachments were asked for, and came with other apps than were known. */
  apps: () => { asked: boolean; changed: boolean }
  /** Gets a new access token, however fresh the old one is. */
  renewToken: () => Promise<HerokuResult<void>>
}

/** On whose behalf Heroku is called. */
export type Caller = Opener & {
  resourceId: string
  /** As it is known here. */
  name: string | null
  address: HerokuAddress
  token: AccessToken | null
  /** There is none, but the grant code is still to be exchanged. */
  grantWaiting: boolean
}

/** A token with less life than this left is refreshed first, so that it cannot expire on the way. */
const REFRESH_MARGIN_MS = 120_000
/** A provision request of the legacy API has ended by then, and app info is there (Add-on Provider App Info API). */
const APP_INFO_AFTER_MS = 5 * 60_000

/**
 * Opens a session. Its calls end with `signal`. The access token is refreshed before it expires, and once more when
 * Heroku answers 401. The failure `postponed` means that another process is just getting a token, or that Heroku has not
 * made the add-on yet. Where the add-on's password is the proof there are no tokens to look after.
 */
export function createHerokuSession(deps: Deps, caller: Caller, signal?: AbortSignal): HerokuSession {
  const { resourceId, grantWaiting, address } = caller
  const { platform } = deps
  let { token, sealer, dek, name } = caller
  let apps = { asked: false, changed: false }

  async function call<T>(run: (access: Access) => Promise<HerokuResult<T>>): Promise<HerokuResult<T>> {
    if (platform.proof === 'password') return await callByPassword(run)
    if (!token) return withoutToken(grantWaiting)
    const freshEnough = token.accessExpiresAt.getTime() - deps.now().getTime() > REFRESH_MARGIN_MS
    if (freshEnough) {
      const result = await run(accessBy(token))
      if (result.ok || result.failure.kind !== 'unauthorized') return result
    }
    const refreshed = await refreshToken(deps, resourceId, { token, sealer, dek })
    if (!refreshed.ok) return refreshed
    token = refreshed.value.token
    sealer = refreshed.value.sealer
    dek = refreshed.value.dek
    return await run({ ...accessBy(token), freshToken: true })
  }

  async function callByPassword<T>(
    run: (access: Access) => Promise<HerokuResult<T>>,
  ): Promise<HerokuResult<T>> {
    const result = await run(access(''))
    const isNew = deps.now().getTime() - address.since.getTime() < APP_INFO_AFTER_MS
    if (result.ok || result.failure.kind !== 'missing' || !isNew) return result
    return failed(postponed('Heroku has not made the add-on yet'))
  }

  function accessBy({ sealedAccessToken }: AccessToken): Access {
    return access(sealer.open('sealed_access_token', sealedAccessToken))
  }

  function access(accessToken: string): Access {
    const { addonUuid, callbackPath } = address
    return {
      resourceId,
      accessToken,
      ...(addonUuid !== null && { addonUuid }),
      ...(callbackPath !== null && { callbackPath }),
      ...(signal && { signal }),
    }
  }

  /** The name of an add-on comes with its attachments, and so do its apps. That they cannot be noted stops nobody. */
  async function listAttachments(): Promise<HerokuResult<Attachment[]>> {
    const listed = await call(platform.listAttachments)
    apps = { ...apps, asked: true }
    if (!listed.ok) return listed
    const present = listed.value.find(({ addonName }) => addonName !== null)?.addonName
    try {
      if (present && present !== name) {
        await takeOverName(deps, resourceId, present)
        name = present
      }
      if (await takeOverApps(deps, resourceId, listed.value)) apps = { ...apps, changed: true }
    } catch (error) {
      deps.log.warn({ err: error, resourceId }, 'what came with the attachments was not taken over')
    }
    return listed
  }

  return {
    readConfig: () => call(platform.readConfig),
    writeConfig: (vars) => call((access) => platform.writeConfig(access, vars)),
    readEndpointVars: () => call(platform.readEndpointVars),
    writeEndpointVars: (vars) => call((access) => platform.writeEndpointVars(access, vars)),
    listAttachments,
    listReleases: (appId, count) => call((access) => platform.listReleases(access, appId, count)),
    readLogInput: () => call(platform.readLogInput),
    listCollaborators: (appId) => call((access) => platform.listCollaborators(access, appId)),
    apps: () => apps,
    async renewToken() {
      if (platform.proof === 'password') return { ok: true, value: undefined }
      if (!token) return withoutToken(grantWaiting)
      const refreshed = await refreshToken(deps, resourceId, { token, sealer, dek })
      if (!refreshed.ok) return refreshed
      token = refreshed.value.token
      sealer = refreshed.value.sealer
      dek = refreshed.value.dek
      return { ok: true, value: undefined }
    },
  }
}

function withoutToken(grantWaiting: boolean): HerokuResult<never> {
  if (grantWaiting) return failed(postponed('the grant is still to be exchanged'))
  return failed({ kind: 'no-access-token', detail: 'Heroku gave no grant, or it was lost' })
}

function failed(failure: HerokuFailure): HerokuResult<never> {
  return { ok: false, failure }
}
