/** Whether Heroku shows releases to this partner, as far as the answers so far tell. */
export type ReleaseRight = {
  /** False: Heroku has refused of late, so another call would be wasted. */
  mayAsk: () => boolean
  /** What came of a call for that resource. */
  learn: (resourceId: string, shown: boolean) => void
}

/** One resource may be refused for reasons of its own: an app that is just being destroyed, say. */
const RESOURCES_REFUSED = 3
const ASK_AGAIN_MS = 3_600_000

/**
 * Remembers that releases are refused. Only partners who were granted it may see them (Platform API for Partners), and
 * one without the right must not pay a call for each rotation: after three resources in a row were refused, one is asked
 * again every hour.
 */
export function createReleaseRight(now: () => Date): ReleaseRight {
  const refused = new Set<string>()
  let askAgainMs = 0

  return {
    mayAsk: () => now().getTime() >= askAgainMs,
    learn(resourceId, shown) {
      if (shown) {
        refused.clear()
        askAgainMs = 0
        return
      }
      if (refused.size < RESOURCES_REFUSED) refused.add(resourceId)
      if (refused.size >= RESOURCES_REFUSED) askAgainMs = now().getTime() + ASK_AGAIN_MS
    },
  }
}
