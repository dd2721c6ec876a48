import { ask, type Outside } from './ask.ts'
import type { RefreshSettings } from './settings.ts'

/** How many tokens a key has made that were accepted, and how many named it and were made by nobody who holds it. */
export type KidCount = { kid: string; good: number; bad: number }

export type CheckInFacts = { signsWith: string; version: number | undefined; counts: readonly KidCount[] }

/**
 * Tells the service which key this process signs with, so that it waits with taking that one away. Returns whether it was
 * taken. Counts are those since the last time that was.
 */
export function createCheckIn(
  { url, token, app, process, telemetry, fetch, setTimer }: RefreshSettings,
  facts: () => CheckInFacts,
): (signal: AbortSignal) => Promise<boolean> {
  const outside: Outside = { fetch, setTimer }
  let told: readonly KidCount[] = []
  return async (signal) => {
    const { signsWith, version, counts } = facts()
    const body = {
      app,
      process,
      signs_with: signsWith,
      ...(version !== undefined && { version }),
      ...(telemetry && { counts: counts.map((count) => since(count, told)) }),
    }
    const answer = await ask(
      outside,
      `${url}/check-ins`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      },
      { signal, reads: () => false },
    )
    const isTaken = typeof answer !== 'string' && answer.status >= 200 && answer.status < 300
    if (isTaken) told = counts
    return isTaken
  }
}

function since({ kid, good, bad }: KidCount, told: readonly KidCount[]): KidCount {
  const before = told.find((each) => each.kid === kid)
  return { kid, good: good - (before?.good ?? 0), bad: bad - (before?.bad ?? 0) }
}
