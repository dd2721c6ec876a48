/** What was tried and was wrong, such as passwords, by whoever sent it: an address, or a VPC endpoint. */
export type WrongTries = {
  /** Whether so many came from there within the last minute that no other is looked at. */
  isOver: (sender: string) => boolean
  count: (sender: string) => void
}

/** Heroku sends the right password. A person who sets the service up sends a few wrong ones; whoever guesses sends more. */
const TRIES_PER_MINUTE = 20
const WINDOW_MS = 60_000
const SENDERS_COUNTED = 10_000

/** Counts tries per sender and process. Only wrong ones count, so that no number of good requests is ever refused. */
export function createWrongTries(now: () => Date): WrongTries {
  const tries = new Map<string, { since: number; wrong: number }>()

  function present(sender: string) {
    const found = tries.get(sender)
    const ageMs = now().getTime() - (found?.since ?? 0)
    return found && ageMs >= 0 && ageMs < WINDOW_MS ? found : undefined
  }

  return {
    isOver: (sender) => (present(sender)?.wrong ?? 0) >= TRIES_PER_MINUTE,
    count(sender) {
      const { since, wrong } = present(sender) ?? { since: now().getTime(), wrong: 0 }
      const isLast = wrong + 1 >= TRIES_PER_MINUTE
      tries.delete(sender)
      // The minute in which none is looked at begins with the last of them.
      tries.set(sender, { since: isLast ? now().getTime() : since, wrong: wrong + 1 })
      const [oldest] = tries.keys()
      if (tries.size > SENDERS_COUNTED && oldest !== undefined) tries.delete(oldest)
    },
  }
}
