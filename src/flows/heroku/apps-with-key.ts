import type { HerokuFailure, HerokuResult } from '../../domain/heroku-failure.ts'
import { type KeyMoments, keyInApp } from '../../domain/key-in-app.ts'
import type { Release } from '../../heroku/platform.ts'
import type { Attachment } from '../../heroku/read-attachments.ts'
import type { HerokuSession } from './heroku-session.ts'

/**
 * Whether the release that an app runs now carries the key.
 * - `on-former`: it carries the key before that one instead, so the app still signs with that
 * - `not-yet`: it carries neither, or the key before was not asked for
 * - `not-visible`: Heroku does not show this app's releases to us, or too few of them
 * - `not-asked`: there are more apps than we ask for
 */
export type KeyOfApp =
  | { seen: 'on-release'; release: Release }
  | { seen: 'on-former' | 'not-yet' | 'not-visible' | 'not-asked' }
  | { seen: 'failed'; failure: HerokuFailure }

/** An attached app. One with two attachments stands there twice. */
export type AppWithKey = Attachment & { key: KeyOfApp }

/** The key to look for, and the one that signed before it. */
export type SoughtKey = KeyMoments & { former?: KeyMoments }

/**
 * Looks which attached apps run on a release that carries the key: a new release restarts the app (Platform API for
 * Partners). Each app costs a call, so at most `mostAsked` are asked, `atOnce` at a time; none where there are more and
 * the question is whether `all` have it.
 */
export async function appsWithKey(
  session: HerokuSession,
  key: SoughtKey,
  limits: { mostAsked: number; atOnce: number; all?: boolean },
): Promise<HerokuResult<AppWithKey[]>> {
  const attachments = await session.listAttachments()
  if (!attachments.ok) return attachments
  const apps = [...Map.groupBy(attachments.value, ({ appId }) => appId)]
  const asked = limits.all && apps.length > limits.mostAsked ? [] : apps.slice(0, limits.mostAsked)
  const keys = new Map<string, KeyOfApp>()
  for (let from = 0; from < asked.length; from += limits.atOnce) {
    const some = asked.slice(from, from + limits.atOnce)
    const found = await Promise.all(
      some.map(async ([id, its]) => [id, await keyOf(session, its, key)] as const),
    )
    for (const [id, seen] of found) keys.set(id, seen)
  }
  return {
    ok: true,
    value: attachments.value.map((each) => ({ ...each, key: keys.get(each.appId) ?? NOT_ASKED })),
  }
}

const NOT_ASKED: KeyOfApp = { seen: 'not-asked' }

/** Enough for nearly every app; all that Heroku gives at once where they do not go back far enough. */
const RELEASES_ASKED = [20, 1_000]

async function keyOf(
  session: HerokuSession,
  attachments: readonly Attachment[],
  { former, ...key }: SoughtKey,
): Promise<KeyOfApp> {
  const ours = attachments.map(({ attachmentName: name, createdAt }) => ({ name, createdAt }))
  let seen: 'not-visible' | 'on-former' = 'not-visible'
  for (const count of RELEASES_ASKED) {
    const listed = await session.listReleases(attachments[0]?.appId ?? '', count)
    if (!listed.ok) {
      const { failure } = listed
      // Only partners who were granted it may see releases.
      return failure.kind === 'refused' ? { seen: 'not-visible' } : { seen: 'failed', failure }
    }
    const { releases, complete } = listed.value
    const present = keyInApp(releases, ours, key, { complete })
    if (present.carried === 'yes') return { seen: 'on-release', release: present.since }
    if (present.carried === 'unknown') continue
    if (!former) return { seen: 'not-yet' }
    const before = keyInApp(releases, ours, former, { complete })
    if (before.carried === 'no') return { seen: 'not-yet' }
    if (before.carried === 'yes') return { seen: 'on-former' }
    // It lacks the key, and nothing says that it lacks the one before as well.
    seen = 'on-former'
  }
  return { seen }
}
