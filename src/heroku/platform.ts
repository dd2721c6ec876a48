import type { ConfigVars } from '../domain/config-vars.ts'
import type { HerokuResult } from '../domain/heroku-failure.ts'
import { isSameMaterial } from '../domain/keyring-var.ts'
import { type Collaborator, MOST_COLLABORATORS } from '../domain/makers.ts'
import { type ConfigVarNames, type HeldConfig, readAddonConfig, showsValue } from './addon-config.ts'
import type { Call, HerokuCall } from './call.ts'
import { askEndpointVars, sendEndpointVars } from './endpoint-vars.ts'
import { type Attachment, readAttachments, readLogInputOfOwner } from './read-attachments.ts'
import { readCollaborators } from './read-collaborators.ts'
import { dateOf, objects } from './read-objects.ts'
import type { ReleaseRight } from './release-right.ts'

/** Who calls, for which resource. The token reaches only that resource and what is attached to it. */
export type Access = {
  resourceId: string
  /** Heroku's id of the add-on, where it is another than the resource's here. */
  addonUuid?: string
  /** Where the legacy API has its app info. */
  callbackPath?: string
  /** Empty where the add-on's password is the proof. */
  accessToken: string
  /** The token was got just now, so a refusal of it says something of our account. */
  freshToken?: true
  signal?: AbortSignal
}

/** A release of an app; `byAddon` when the add-on service cut it. */
export type Release = {
  version: number
  status: string
  createdAt: Date
  description: string
  byAddon: boolean
}

/** Releases of one app; `complete`: all that it ever had. */
export type Releases = { releases: Release[]; complete: boolean }

/** api.heroku.com, as far as a partner uses it (Platform API for Partners). */
export type Platform = {
  /** What proves who calls: a token of the resource's own, or the password of the add-on, which reaches all resources. */
  proof: 'token' | 'password'
  /** The present values of the add-on's config vars. */
  readConfig: (access: Access) => Promise<HerokuResult<HeldConfig>>
  /**
   * Sets both config vars, in one release of every attached app, and checks that the answer holds the pair. Where the
   * connection was reset before any answer, they are read back, and sent again if the pair is not there.
   */
  writeConfig: (access: Access, vars: ConfigVars) => Promise<HerokuResult<void>>
  /** The config vars of endpoints, as far as Heroku shows them. */
  readEndpointVars: (access: Access) => Promise<HerokuResult<Record<string, string>>>
  /** Sets or, where null, unsets them and nothing else, in one release of every attached app. */
  writeEndpointVars: (access: Access, vars: Record<string, string | null>) => Promise<HerokuResult<void>>
  listAttachments: (access: Access) => Promise<HerokuResult<Attachment[]>>
  /**
   * The newest releases of an app, at most `count`, newest first. Only partners who were granted it may ask; others get
   * `refused`.
   */
  listReleases: (access: Access, appId: string, count: number) => Promise<HerokuResult<Releases>>
  /** Where the log of the owning app is written to now; null: it has no log input. The address holds credentials. */
  readLogInput: (access: Access) => Promise<HerokuResult<string | null>>
  /** Who may work on an app that a resource is attached to. That it cannot be read says nothing of Heroku or our account. */
  listCollaborators: (access: Access, appId: string) => Promise<HerokuResult<Collaborator[]>>
  /** False: Heroku has refused releases of late, and nobody is asked for any. */
  showsReleases: () => boolean
}

export type PlatformOptions = ConfigVarNames & { addonId: string }

const LONGEST_DESCRIPTION = 200

/** `call` goes to api.heroku.com. */
export function createPlatform(
  call: HerokuCall,
  options: PlatformOptions,
  releaseRight: ReleaseRight,
): Platform {
  const { addonId, configVar, keyringVar } = options

  async function readConfig(access: Access): Promise<HerokuResult<HeldConfig>> {
    return await call({
      ...configOf(access, 'read'),
      method: 'GET',
      read(body) {
        const held = readAddonConfig(body, options)
        return held ? { ok: true, value: held } : unreadable('the config is not a list')
      },
    })
  }

  async function writeOnce(
    access: Access,
    { pair, keyring }: ConfigVars,
    readBack: { resetIsReadBack?: true } = {},
  ): Promise<HerokuResult<void>> {
    const config = [
      { name: configVar, value: pair },
      { name: keyringVar, value: keyring },
    ]
    return await call({
      method: 'PATCH',
      path: `/addons/${idOf(access)}/config`,
      headers: { ...headersOf(access), 'content-type': 'application/json' },
      body: JSON.stringify({ config }),
      read(body) {
        if (showsValue(body, pair)) return { ok: true, value: undefined }
        if (!readAddonConfig(body, options)) return unreadable('the config is not a list')
        return { ok: false, failure: { kind: 'mismatch', detail: 'the answer does not hold what was sent' } }
      },
      ...callerOf(access, 'write'),
      ...readBack,
    })
  }

  async function listRaw(access: Access): Promise<HerokuResult<unknown[]>> {
    return await call({
      method: 'GET',
      path: `/addons/${idOf(access)}/addon-attachments`,
      headers: { ...headersOf(access), range: 'id ..; max=1000' },
      read: (body) => listOf(body, 'the attachments are not a list'),
      ...callerOf(access, 'read'),
    })
  }

  return {
    proof: 'token',

    readConfig,

    async writeConfig(access, vars) {
      const result = await writeOnce(access, vars, { resetIsReadBack: true })
      if (result.ok || !result.failure.reset || access.signal?.aborted) return result
      // An idle connection that the other side has closed; the write may have arrived all the same.
      const present = await readConfig(access)
      if (!present.ok) return present
      // The pair alone may be as it was: what is pushed may be a keyring that announces the next key.
      const arrived = isSameMaterial(present.value, vars)
      return arrived ? { ok: true, value: undefined } : await writeOnce(access, vars)
    },

    readEndpointVars: (access) => askEndpointVars(call, options, configOf(access, 'read')),
    writeEndpointVars: (access, vars) => sendEndpointVars(call, vars, configOf(access, 'write')),

    async listAttachments(access) {
      const listed = await listRaw(access)
      if (!listed.ok) return listed
      return { ok: true, value: readAttachments(listed.value, idOf(access)) }
    },

    async readLogInput(access) {
      const listed = await listRaw(access)
      if (!listed.ok) return listed
      return { ok: true, value: readLogInputOfOwner(listed.value) }
    },

    async listReleases(access, appId, count) {
      if (!releaseRight.mayAsk()) return refused('releases were refused of late')
      const range = { range: `version ..; max=${count}, order=desc` }
      const result = await call({
        method: 'GET',
        path: `/apps/${encodeURIComponent(appId)}/releases`,
        headers: { ...headersOf(access), ...range },
        read: (body) => listOf(body, 'the releases are not a list'),
        ...callerOf(access, 'read'),
        mayBeRefused: true,
      })
      const denied = !result.ok && ['refused', 'missing'].includes(result.failure.kind)
      if (result.ok || denied) releaseRight.learn(access.resourceId, result.ok)
      if (!result.ok) return denied ? { ok: false, failure: { ...result.failure, kind: 'refused' } } : result
      const releases = objects(result.value).flatMap((release) => readRelease(release, addonId))
      return { ok: true, value: { releases, complete: result.value.length < count } }
    },

    async listCollaborators(access, appId) {
      const result = await call({
        method: 'GET',
        path: `/apps/${encodeURIComponent(appId)}/collaborators`,
        headers: { ...headersOf(access), range: `email ..; max=${MOST_COLLABORATORS}` },
        read: (body) => listOf(body, 'the collaborators are not a list'),
        ...callerOf(access, 'read'),
        mayFail: true,
      })
      return result.ok ? { ok: true, value: readCollaborators(result.value) } : result
    },

    showsReleases: releaseRight.mayAsk,
  }
}

/** One that has no number or no date is none, and proves nothing. */
function readRelease(release: Record<string, unknown>, addonId: string): Release[] {
  const { status, description } = release
  const version = Number(release.version ?? Number.NaN)
  const [user] = objects([release.user])
  const createdAt = dateOf(release.created_at)
  if (!Number.isSafeInteger(version) || !createdAt) return []
  return [
    {
      version,
      status: String(status),
      createdAt,
      description: typeof description === 'string' ? description.slice(0, LONGEST_DESCRIPTION) : '',
      byAddon: user?.email === `${addonId}@addons.heroku.com`,
    },
  ]
}

function idOf({ resourceId, addonUuid = resourceId }: Access): string {
  return addonUuid
}

function configOf(access: Access, operation: 'read' | 'write') {
  return {
    path: `/addons/${idOf(access)}/config`,
    headers: headersOf(access),
    ...callerOf(access, operation),
  }
}

function headersOf(access: Access): Record<string, string> {
  return {
    accept: 'application/vnd.heroku+json; version=3',
    authorization: `Bearer ${access.accessToken}`,
  }
}

function callerOf(
  { resourceId, freshToken, signal }: Access,
  operation: 'read' | 'write',
): Pick<Call, 'about' | 'signal'> {
  const about = { resourceId, operation, ...(freshToken && { freshToken }) }
  return { about, ...(signal ? { signal } : {}) }
}

function listOf(body: unknown, otherwise: string): HerokuResult<unknown[]> {
  return Array.isArray(body) ? { ok: true, value: body } : unreadable(otherwise)
}

function refused(detail: string): HerokuResult<never> {
  return { ok: false, failure: { kind: 'refused', detail } }
}

function unreadable(detail: string): HerokuResult<never> {
  return { ok: false, failure: { kind: 'unavailable', detail } }
}
