import { buffers, secretList, texts } from './secret-list.ts'
import type { Key } from './secure-key.ts'
import { SecureKeyError } from './secure-key-error.ts'

/** Lists whose content is replaced in place when the keys that they hold change. */
export type LiveLists = {
  texts: (lifeS: number) => string[]
  buffers: (lifeS: number) => Buffer[]
  /** For every use of the ring: a clock that was put on is seen at once. */
  refreshIfDue: (nowMs: number) => void
}

/** A jump of the clock is seen this late at most, and no timer is longer than Node allows. */
const RECHECK_MS = 60_000
/** Each life has one list, however often it is asked for. */
const MOST_LISTS = 100

/**
 * For frameworks that keep the list which they were handed, and read it at each use. One timer, which keeps no process
 * alive, is set while a change is ahead.
 */
export function createLiveLists(
  now: () => number,
  keysFor: (lifeS: number, nowMs: number) => Key[],
  nextChangeMs: (lifeS: number, nowMs: number) => number | undefined,
): LiveLists {
  const lists = new Map<string, { lifeS: number; values: unknown[]; refill: (keys: Key[]) => void }>()
  let timer: NodeJS.Timeout | undefined
  let dueMs = Number.POSITIVE_INFINITY
  let refreshedMs = Number.NEGATIVE_INFINITY

  const refresh = (nowMs: number) => {
    dueMs = Number.POSITIVE_INFINITY
    refreshedMs = nowMs
    for (const { lifeS, refill } of lists.values()) {
      refill(keysFor(lifeS, nowMs))
      dueMs = Math.min(dueMs, nextChangeMs(lifeS, nowMs) ?? dueMs)
    }
    clearTimeout(timer)
    if (dueMs === Number.POSITIVE_INFINITY) return
    timer = setTimeout(() => refresh(now()), Math.min(Math.max(dueMs - nowMs, 1), RECHECK_MS))
    timer.unref()
  }

  const listOf = <T>(form: string, lifeS: number, valuesOf: (keys: Key[]) => T[]): T[] => {
    const name = `${form} ${lifeS}`
    const made = lists.get(name)
    if (made) return made.values as T[]
    if (lists.size >= MOST_LISTS) {
      throw new SecureKeyError('bad-option', `There are ${MOST_LISTS} live lists already`, { place: 'life' })
    }
    const values: T[] = secretList([])
    lists.set(name, { lifeS, values, refill: (keys) => values.splice(0, values.length, ...valuesOf(keys)) })
    refresh(now())
    return values
  }

  return {
    texts: (lifeS) => listOf('texts', lifeS, texts),
    buffers: (lifeS) => listOf('buffers', lifeS, buffers),
    refreshIfDue: (nowMs) => {
      if (lists.size > 0 && (nowMs >= dueMs || nowMs < refreshedMs)) refresh(nowMs)
    },
  }
}
