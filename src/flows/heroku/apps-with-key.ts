import type { HerokuFailure, HerokuResult } from '../../domain/heroku-failure.ts'
import { type KeyMoments, releaseOfKey } from '../../domain/release-of-key.ts'
import type { Attachment, Release } from '../../heroku/platform.ts'
import type { HerokuSession } from './heroku-session.ts'

/**
 * How an app got the key. `not-yet`: no release is seen that carries it. `not-visible`: Heroku does not show this app's
 * releases to us. `not-asked`: there are more apps than we ask for.
 */
export type KeyOfApp =
  | { seen: 'on-release'; release: Release }
  | { seen: 'not-yet' | 'not-visible' | 'not-asked' }
  | { seen: 'failed'; failure: HerokuFailure }

/** An attached app. One with two attachments stands there twice. */
export type AppWithKey = Attachment & { key: KeyOfApp }

/**
 * Looks which attached apps run on a release that carries the key: a new release restarts the app (Platform API for
 * Partners). Each app costs a call, so at most `mostAsked` are asked, a few at a time. With `untilNotYet` the question
 * is whether all have it: none is asked where there are more apps than that, and the look ends at the first app that
 * lacks the key or cannot be asked.
 */
export async function appsWithKey(
  session: HerokuSession,
  key: KeyMoments,
  limits: { mostAsked: number; untilNotYet?: boolean },
): Promise<HerokuResult<AppWithKey[]>> {
  const attachments = await session.listAttachments()
  if (!attachments.ok) return attachments
  const appIds = [...new Set(attachments.value.map(({ appId }) => appId))]
  const keys = new Map<string, KeyOfApp>()
  const tooMany = limits.untilNotYet && appIds.length > limits.mostAsked
  const asked = tooMany ? [] : appIds.slice(0, limits.mostAsked)
  const atOnce = limits.untilNotYet ? 1 : ASKED_AT_ONCE
  for (let from = 0; from < asked.length; from += atOnce) {
    const ids = asked.slice(from, from + atOnce)
    const found = await Promise.all(ids.map((id) => keyOf(session, id, key)))
    for (const [index, id] of ids.entries()) keys.set(id, found[index] ?? NOT_ASKED)
    if (limits.untilNotYet && found.some(({ seen }) => seen === 'not-yet' || seen === 'failed')) break
  }
  const apps = attachments.value.map((each) => ({ ...each, key: keys.get(each.appId) ?? NOT_ASKED }))
  return { ok: true, value: apps }
}

const ASKED_AT_ONCE = 20
const NOT_ASKED: KeyOfApp = { seen: 'not-asked' }

async function keyOf(session: HerokuSession, appId: string, key: KeyMoments): Promise<KeyOfApp> {
  const releases = await session.listReleases(appId)
  if (releases.ok) {
    const release = releaseOfKey(releases.value, key)
    return release ? { seen: 'on-release', release } : { seen: 'not-yet' }
  }
  // Only partners who were granted it may see releases.
  const denied = ['refused', 'missing'].includes(releases.failure.kind)
  return denied ? { seen: 'not-visible' } : { seen: 'failed', failure: releases.failure }
}
