/** What is known of a release of an attached app. */
export type AppRelease = { version: number; status: string; createdAt: Date; byAddon: boolean }

/** Heroku's clock and ours may differ by this much, and a release is made before its answer reaches us. */
const CLOCK_TOLERANCE_MS = 30_000

/**
 * The release that brought a key to an app: the add-on's own at the time of the push, else (the app was attached
 * later, or the key came with the attachment) the first one after it. Undefined when none that old or young is known.
 */
export function releaseOfKey<R extends AppRelease>(releases: readonly R[], publishedAt: Date): R | undefined {
  const since = releases
    .filter(({ status, createdAt }) => {
      return status === 'succeeded' && createdAt.getTime() >= publishedAt.getTime() - CLOCK_TOLERANCE_MS
    })
    .sort((a, b) => a.version - b.version)
  const atPush = since.filter(({ byAddon, createdAt }) => {
    return byAddon && createdAt.getTime() <= publishedAt.getTime() + CLOCK_TOLERANCE_MS
  })
  return atPush.at(-1) ?? since[0]
}
