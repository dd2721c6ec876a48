import type { Entry } from './entry.ts'

/** Puts entries that come from several places into the order in which things happened. */
export type Timeline = {
  add: (entries: readonly Entry[]) => void
  /** Tells what is older than `before`; without it everything. Later entries may still be older: they are told late. */
  tell: (before?: Date) => void
}

/** `print` gets one entry at a time, oldest first. */
export function createTimeline(print: (entry: Entry) => void): Timeline {
  let waiting: Entry[] = []
  return {
    add: (entries) => {
      waiting.push(...entries)
    },
    tell: (before) => {
      const ripe = before ? waiting.filter((entry) => entry.at < before) : waiting
      waiting = before ? waiting.filter((entry) => entry.at >= before) : []
      // The sort is stable, so what came first stays first among equals.
      const ordered = ripe.toSorted((a, b) => a.at.getTime() - b.at.getTime() || a.rank - b.rank)
      for (const entry of ordered) print(entry)
    },
  }
}
