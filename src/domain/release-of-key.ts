/** What is known of a release of an attached app. */
export type AppRelease = { version: number; status: string; createdAt: Date; byAddon: boolean }

/** When a key was made, and when its push was confirmed. */
export type KeyMoments = { createdAt: Date; publishedAt: Date }

/** Heroku's clock and ours may differ by this much, and a release is made before its answer reaches us. */
const CLOCK_TOLERANCE_MS = 30_000

/**
 * Whether the app runs with the key since this release, or one before it. The add-on's own counts from the key's making
 * on, since the push may have arrived long before it was confirmed; any other only from its confirmation on.
 */
function carriesKey(release: AppRelease, key: KeyMoments): boolean {
  const since = release.byAddon ? key.createdAt : key.publishedAt
  return release.status === 'succeeded' && release.createdAt.getTime() >= since.getTime() - CLOCK_TOLERANCE_MS
}

/**
 * The release that brought a key to an app: the add-on's own of the push, else (the app was attached later, or the key
 * came with the attachment) the first one after it. Undefined when none of them is known.
 */
export function releaseOfKey<R extends AppRelease>(releases: readonly R[], key: KeyMoments): R | undefined {
  const carrying = releases
    .filter((release) => carriesKey(release, key))
    .sort((a, b) => a.version - b.version)
  const ofPush = carrying.filter(({ byAddon, createdAt }) => {
    return byAddon && createdAt.getTime() <= key.publishedAt.getTime() + CLOCK_TOLERANCE_MS
  })
  return ofPush.at(-1) ?? carrying[0]
}
