/** How often what happened since the ring was made: by key id, and by the reason of a refusal. */
export type Stats = {
  signed: Record<string, number>
  verified: Record<string, number>
  refused: Record<RefusalReason, number>
}

export type RefusalReason = 'bad-purpose' | 'malformed' | 'unknown-key' | 'bad-mac' | 'expired'

/** Counts for the kids of a ring and the five reasons: it never grows, whatever tokens name. */
export function createStats(kids: readonly string[]): {
  signed: (kid: string) => void
  verified: (kid: string) => void
  refused: (reason: RefusalReason) => void
  read: () => Stats
} {
  const none = () => new Map(kids.map((kid) => [kid, 0]))
  const signed = none()
  const verified = none()
  const refused = { 'bad-purpose': 0, malformed: 0, 'unknown-key': 0, 'bad-mac': 0, expired: 0 }
  const count = (counts: Map<string, number>, kid: string) => counts.set(kid, (counts.get(kid) ?? 0) + 1)
  return {
    signed: (kid) => count(signed, kid),
    verified: (kid) => count(verified, kid),
    refused: (reason) => {
      refused[reason] += 1
    },
    read: () => ({
      signed: Object.fromEntries(signed),
      verified: Object.fromEntries(verified),
      refused: { ...refused },
    }),
  }
}
