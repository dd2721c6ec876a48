import type { HerokuFailure, HerokuResult } from '../domain/heroku-failure.ts'
import { type AppRelease, type KeyMoments, releaseOfKey } from '../domain/release-of-key.ts'
import type { Access } from '../heroku/platform.ts'
import { isGrantWaiting } from '../store/grant-waiting.ts'
import { loadTokens } from '../store/oauth-tokens.ts'
import { findResource } from '../store/resources.ts'
import { type Caller, withAccessToken } from './access-token.ts'
import type { Deps } from './deps.ts'

/** An app that a resource is attached to, and the release by which it got the current key. */
export type AttachedApp = {
  appName: string
  attachmentName: string
  release: { version: number; createdAt: Date } | 'not-yet' | 'unknown'
}

/** `slow`: Heroku has not answered yet; it is still being asked, and the next look may find the answer. */
export type AppsAnswer =
  | { outcome: 'known'; apps: AttachedApp[]; askedAt: Date }
  | { outcome: 'unknown'; because: HerokuFailure['kind'] | 'slow' }

/** Answers which apps hold a resource's keys, as fast as a page needs it. `settle` waits for calls in flight. */
export type AttachedApps = {
  read: (request: { resourceId: string; version: number } & KeyMoments) => Promise<AppsAnswer>
  settle: () => Promise<void>
}

const KEPT_MS = 60_000
/** A failure is kept for less long, but long enough that reloading a page does not hammer Heroku. */
const FAILURE_KEPT_MS = 10_000
const MOST_KEPT = 1_000
const MOST_WAIT_MS = 2_000
/** More apps than this are listed without their release, which costs a call each. */
const MOST_APPS_ASKED = 20

type Entry = { answer: Promise<AppsAnswer>; keptUntilMs: number }

/**
 * Asks Heroku (Platform API for Partners) with the resource's own token and keeps the answer for a minute. A page
 * waits two seconds at the most. The call itself is not cut short then: it may be in the middle of a token refresh,
 * and a refresh token that is replaced at Heroku must not be lost here.
 */
export function createAttachedApps(deps: Deps): AttachedApps {
  const entries = new Map<string, Entry>()
  const running = new Set<Promise<unknown>>()

  function ask(request: { resourceId: string } & KeyMoments, entry: { keptUntilMs: number }) {
    const answer = askHeroku(deps, request).catch((error: unknown): AppsAnswer => {
      deps.log.warn({ err: error, resourceId: request.resourceId }, 'attached apps could not be read')
      return { outcome: 'unknown', because: 'unavailable' }
    })
    const done = answer.then(({ outcome }) => {
      const keptMs = outcome === 'known' ? KEPT_MS : FAILURE_KEPT_MS
      entry.keptUntilMs = deps.now().getTime() + keptMs
      running.delete(done)
    })
    running.add(done)
    return answer
  }

  return {
    async read(request) {
      // A new key makes new releases, so what was known before it is of no use.
      const name = `${request.resourceId} ${request.version}`
      let entry = entries.get(name)
      if (!entry || entry.keptUntilMs <= deps.now().getTime()) {
        entry = { keptUntilMs: Number.POSITIVE_INFINITY, answer: Promise.resolve(SLOW) }
        entry.answer = ask(request, entry)
        entries.delete(name)
        entries.set(name, entry)
        const [oldest] = entries.keys()
        if (entries.size > MOST_KEPT && oldest !== undefined) entries.delete(oldest)
      }
      return await within(MOST_WAIT_MS, entry.answer)
    },
    async settle() {
      await Promise.all(running)
    },
  }
}

const SLOW: AppsAnswer = { outcome: 'unknown', because: 'slow' }

async function within(ms: number, answer: Promise<AppsAnswer>): Promise<AppsAnswer> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<AppsAnswer>((resolve) => {
    timer = setTimeout(resolve, ms, SLOW)
  })
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

async function askHeroku(deps: Deps, request: { resourceId: string } & KeyMoments): Promise<AppsAnswer> {
  const { resourceId } = request
  const caller = await callerOf(deps, resourceId)
  if (!caller) return { outcome: 'unknown', because: 'missing' }
  const call = <T>(run: (access: Access) => Promise<HerokuResult<T>>) =>
    withAccessToken(deps, caller, (accessToken) => run({ resourceId, accessToken }))

  const attachments = await call(deps.platform.listAttachments)
  if (!attachments.ok) return { outcome: 'unknown', because: attachments.failure.kind }
  const appIds = [...new Set(attachments.value.map(({ appId }) => appId))]
  const releases = new Map(
    await Promise.all(
      appIds.slice(0, MOST_APPS_ASKED).map(async (appId) => {
        const answer = await call((access) => deps.platform.listReleases(access, appId))
        // Only partners who were granted it may see releases, so a refusal is no reason to hide the apps.
        return [appId, answer.ok ? answer.value : undefined] as const
      }),
    ),
  )
  const apps = attachments.value
    .map(({ appId, appName, attachmentName }) => {
      return { appName, attachmentName, release: releaseFor(releases.get(appId), request) }
    })
    .sort((a, b) => a.appName.localeCompare(b.appName))
  return { outcome: 'known', apps, askedAt: deps.now() }
}

function releaseFor(releases: AppRelease[] | undefined, key: KeyMoments): AttachedApp['release'] {
  if (!releases) return 'unknown'
  const release = releaseOfKey(releases, key)
  return release ? { version: release.version, createdAt: release.createdAt } : 'not-yet'
}

/** Undefined when the resource was deprovisioned meanwhile. */
async function callerOf(deps: Deps, resourceId: string): Promise<Caller | undefined> {
  const resource = await findResource(deps.db, resourceId)
  if (!resource?.wrappedDek) return undefined
  return {
    resourceId,
    sealer: await deps.sealing.forResource(resourceId, resource.wrappedDek),
    tokens: await loadTokens(deps.db, resourceId),
    grantWaiting: await isGrantWaiting(deps.db, resourceId),
  }
}
