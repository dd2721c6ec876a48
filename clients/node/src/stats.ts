import type { KidCount } from './refresh/check-in.ts'
import type { RefreshStats } from './refresh/refresher.ts'

/**
 * How often what happened since the ring was made: by key id, for the keys that are held now, and by the reason of a refusal.
 * `refresh`: how the live pick-up goes.
 */
export type Stats = {
  signed: Record<string, number>
  verified: Record<string, number>
  refused: Record<RefusalReason, number>
  refresh: RefreshStats | undefined
}

export type RefusalReason = 'bad-purpose' | 'malformed' | 'unknown-key' | 'bad-mac' | 'expired'

type Counts = { signed: number; good: number; bad: number }

/** Counts for the kids of a ring and the five reasons: it never grows, whatever tokens name. */
export function createStats(kids: readonly string[]): {
  signed: (kid: string) => void
  verified: (kid: string) => void
  refused: (reason: RefusalReason) => void
  /** A token has named this key, and was not made by it. */
  badMac: (kid: string) => void
  /** Other keys are held from now on. */
  follow: (kids: readonly string[]) => void
  read: () => Omit<Stats, 'refresh'>
  byKid: () => KidCount[]
} {
  const none = (): Counts => ({ signed: 0, good: 0, bad: 0 })
  let counts = new Map(kids.map((kid) => [kid, none()]))
  const refused = { 'bad-purpose': 0, malformed: 0, 'unknown-key': 0, 'bad-mac': 0, expired: 0 }
  const count = (kid: string, what: keyof Counts) => {
    const found = counts.get(kid)
    if (found) found[what] += 1
  }
  const listed = (what: keyof Counts) =>
    Object.fromEntries([...counts].map(([kid, each]) => [kid, each[what]]))
  return {
    signed: (kid) => count(kid, 'signed'),
    verified: (kid) => count(kid, 'good'),
    refused: (reason) => {
      refused[reason] += 1
    },
    badMac: (kid) => count(kid, 'bad'),
    follow: (next) => {
      counts = new Map(next.map((kid) => [kid, counts.get(kid) ?? none()]))
    },
    read: () => ({ signed: listed('signed'), verified: listed('good'), refused: { ...refused } }),
    byKid: () => [...counts].map(([kid, { good, bad }]) => ({ kid, good, bad })),
  }
}
