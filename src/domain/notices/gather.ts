import { isSevere, type Notice } from './notice.ts'

/** A letter that went to an address: when, and of how many notices. Of the last hour alone, oldest first. */
export type Mailed = { at: string; notices: number }

/**
 * What some have been told and others not, since their mail could not be sent: the id of the first notice of it, by MACs of
 * addresses how many notices from there on each has, and how many of the addresses the mail server refused.
 */
export type LetterUnderWay = {
  letter: string
  had: Readonly<Record<string, number>>
  refused: readonly string[]
}

/** Which letters go now, in order; and how long what is left waits, where some of it does. */
export type Gathered = { letters: (readonly Notice[])[]; waitMs?: number }

const HOUR_MS = 3_600_000
/** So many notices in an hour come one by one. */
const MOST_ALONE = 3
/** So many letters in an hour; beyond them severe notices wait too, so that nobody can flood a mailbox. */
const MOST_LETTERS = 12
const FLOOD_WAIT_MS = 600_000

/**
 * How the notices that an address has not been told of are put into letters. Up to three in an hour come alone; more are
 * gathered into one letter an hour. A severe one goes at once, and takes with it those before it, since they are told in
 * order. `isFull`: there are more behind these, so they are not waited for.
 */
export function gather(
  notices: readonly Notice[],
  { mailed, now, isFull }: { mailed: readonly Mailed[]; now: Date; isFull: boolean },
): Gathered {
  const lately = mailedWithinAnHour(mailed, now)
  const waitMs = waitOf(notices, lately, { now, isFull })
  if (waitMs > 0) return { letters: [], waitMs }
  const told = lately.reduce((sum, each) => sum + each.notices, 0)
  if (told + notices.length <= MOST_ALONE) return { letters: notices.map((notice) => [notice]) }
  const last = notices.findLastIndex(isSevere)
  const [some, rest] =
    last >= 0 && !isFull ? [notices.slice(0, last + 1), notices.slice(last + 1)] : [notices, []]
  return { letters: [some], ...(rest.length > 0 && { waitMs: HOUR_MS }) }
}

function waitOf(
  notices: readonly Notice[],
  lately: readonly Mailed[],
  { now, isFull }: { now: Date; isFull: boolean },
): number {
  const last = lately.at(-1)
  if (!last || notices.length === 0) return 0
  const sinceMs = now.getTime() - Date.parse(last.at)
  if (isFull || notices.some(isSevere)) return lately.length < MOST_LETTERS ? 0 : FLOOD_WAIT_MS - sinceMs
  const told = lately.reduce((sum, each) => sum + each.notices, 0)
  return told + notices.length <= MOST_ALONE ? 0 : HOUR_MS - sinceMs
}

/** Those of the last hour. One from a future, by a clock that was put right, is none. */
export function mailedWithinAnHour(mailed: readonly Mailed[], now: Date): Mailed[] {
  return mailed.filter(({ at }) => {
    const sinceMs = now.getTime() - Date.parse(at)
    return sinceMs >= 0 && sinceMs < HOUR_MS
  })
}
