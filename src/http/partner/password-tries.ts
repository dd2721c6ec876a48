/** Wrong passwords, by the address that sent them. */
export type PasswordTries = {
  /** Whether so many came from there within the last minute that no other is looked at. */
  isOver: (address: string) => boolean
  count: (address: string) => void
}

/** Heroku sends the right one. A person who sets the service up sends a few; whoever guesses sends more. */
const TRIES_PER_MINUTE = 20
const WINDOW_MS = 60_000
const ADDRESSES_COUNTED = 10_000

/** Counts tries per address and process. Only wrong ones count, so that no number of good requests is ever refused. */
export function createPasswordTries(now: () => Date): PasswordTries {
  const tries = new Map<string, { since: number; wrong: number }>()

  function present(address: string) {
    const found = tries.get(address)
    const ageMs = now().getTime() - (found?.since ?? 0)
    return found && ageMs >= 0 && ageMs < WINDOW_MS ? found : undefined
  }

  return {
    isOver: (address) => (present(address)?.wrong ?? 0) >= TRIES_PER_MINUTE,
    count(address) {
      const { since, wrong } = present(address) ?? { since: now().getTime(), wrong: 0 }
      const isLast = wrong + 1 >= TRIES_PER_MINUTE
      tries.delete(address)
      // The minute in which none is looked at begins with the last of them.
      tries.set(address, { since: isLast ? now().getTime() : since, wrong: wrong + 1 })
      const [oldest] = tries.keys()
      if (tries.size > ADDRESSES_COUNTED && oldest !== undefined) tries.delete(oldest)
    },
  }
}
