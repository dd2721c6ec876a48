import { isOfOwnKey } from '../../domain/errors.ts'
import type { HerokuFailure } from '../../domain/heroku-failure.ts'
import { isGrantWaiting } from '../../store/oauth-grants.ts'
import { loadTokensAndDek } from '../../store/oauth-tokens.ts'
import { findResource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { appsWithKey, type KeyOfApp, type SoughtKey } from '../heroku/apps-with-key.ts'
import { createHerokuSession, type HerokuSession } from '../heroku/heroku-session.ts'

/** An app that a resource is attached to, and how it got the current key. */
export type AttachedApp = { appId: string; appName: string; attachmentName: string; key: KeyOfApp }

/** `slow`: Heroku has not answered yet; it is still being asked, and the next look may find the answer. */
export type AppsAnswer =
  | { outcome: 'known'; apps: AttachedApp[]; askedAt: Date }
  | { outcome: 'unknown'; because: HerokuFailure['kind'] | 'slow' }

/** Answers which apps hold a resource's keys, as fast as a page needs it. `settle` waits for calls in flight. */
export type AttachedApps = {
  read: (request: { resourceId: string; version: number } & SoughtKey) => Promise<AppsAnswer>
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

  function ask(request: { resourceId: string } & SoughtKey, entry: { keptUntilMs: number }) {
    const answer = askHeroku(deps, request).catch((error: unknown): AppsAnswer => {
      if (isOfOwnKey(error)) return { outcome: 'unknown', because: 'own-key' }
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

async function askHeroku(deps: Deps, request: { resourceId: string } & SoughtKey): Promise<AppsAnswer> {
  const session = await sessionOf(deps, request.resourceId)
  if (!session) return { outcome: 'unknown', because: 'missing' }
  const found = await appsWithKey(session, request, { mostAsked: MOST_APPS_ASKED, atOnce: MOST_APPS_ASKED })
  if (!found.ok) return { outcome: 'unknown', because: found.failure.kind }
  const apps = found.value.toSorted((a, b) => a.appName.localeCompare(b.appName))
  return { outcome: 'known', apps, askedAt: deps.now() }
}

/** Calls to Heroku for one resource. Undefined when it was deprovisioned meanwhile. */
export async function sessionOf(
  deps: Deps,
  resourceId: string,
  signal?: AbortSignal,
): Promise<HerokuSession | undefined> {
  const resource = await findResource(deps.db, resourceId)
  if (!resource?.dek) return undefined
  const stored = await loadTokensAndDek(deps.db, resourceId)
  const dek = stored?.dek ?? resource.dek
  const caller = {
    resourceId,
    name: resource.name,
    address: resource.address,
    sealer: await deps.sealing.forResource(resourceId, dek),
    dek,
    token: stored?.tokens ?? null,
    grantWaiting: await isGrantWaiting(deps.db, resourceId),
  }
  return createHerokuSession(deps, caller, signal)
}
