import { cleanText } from './clean-text.ts'

/** The last word of a process on the key that it signs with. It proves nothing of any other process. */
export type CheckIn = {
  /** A name or an id, as the process told it; null: none. */
  app: string | null
  process: string | null
  kid: string
  version: number | null
  at: Date
}

/** How many signatures of a key were seen that were right, and that were not. */
export type KeyCount = { kid: string; good: number; bad: number }

/** A client asks for the keys every hour or a little later, and says then what it signs with. */
export const FRESH_MINUTES = 90
export const KEPT_HOURS = 24

/** What stands for the app of a process that names none of the attached ones. No app has such a name. */
export const NOT_NAMED = '(not named)'

const LONGEST_NAME = 64

/** What a program said of itself, cleaned. The name of an app is letters, digits and dashes, whatever was sent. */
export function readCheckIn(said: {
  app: string | null
  process: string | null
  kid: string
  version: number | null
}): Omit<CheckIn, 'at'> {
  const app = cleanText(said.app ?? '')
    .toLowerCase()
    .replace(/[^\w-]/g, '')
    .slice(0, LONGEST_NAME)
  const process = cleanText(said.process ?? '', LONGEST_NAME)
  return { ...said, app: app === '' ? null : app, process: process === '' ? null : process }
}

/** Counts with one row for each key. */
export function addedUp(counts: readonly KeyCount[]): KeyCount[] {
  const sums = new Map<string, KeyCount>()
  for (const { kid, good, bad } of counts) {
    const before = sums.get(kid)
    sums.set(kid, { kid, good: good + (before?.good ?? 0), bad: bad + (before?.bad ?? 0) })
  }
  return [...sums.values()]
}

/** Whether it is new enough to hold a key back. */
export function isFresh({ at }: CheckIn, now: Date): boolean {
  return now.getTime() - at.getTime() < FRESH_MINUTES * 60_000
}

type NamedApp = { appId: string; appName: string }

/** The attached app that a process named, by its name or id. */
export function appOfCheckIn<App extends NamedApp>(
  { app }: CheckIn,
  attached: readonly App[],
): App | undefined {
  return app === null
    ? undefined
    : attached.find(({ appId, appName }) => [appId.toLowerCase(), appName.toLowerCase()].includes(app))
}

/**
 * The apps whose processes said this, each once. Where it is not known which apps there are (`attached` is null), a name
 * counts as it was told.
 */
export function appsNamed(checkIns: readonly CheckIn[], attached: readonly NamedApp[] | null): string[] {
  const names = checkIns.map(
    (each) => (attached ? appOfCheckIn(each, attached)?.appName : each.app) ?? NOT_NAMED,
  )
  return [...new Set(names)]
}

/** What processes said of late: that they sign with this key. */
export function signingWith(kid: string, checkIns: readonly CheckIn[], now: Date): CheckIn[] {
  return checkIns.filter((each) => each.kid === kid && isFresh(each, now))
}
