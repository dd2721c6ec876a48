import { fingerprint } from '../../../local/key-pair.ts'
import type { GracePeriod } from '../../../src/domain/grace.ts'

/** What the customer may rely on, kept apart from the engine and by other means. */
export type Promises = {
  /** Heroku has taken a value at that moment. */
  /** `lifeMs`: what it signed lives so long, as the customer has stated. */
  handedOut: (at: Date, value: string, grace: GracePeriod, lifeMs?: number) => void
  /** Heroku has taken a keyring that announces this key, or none. */
  announced: (key: string | undefined) => void
  /** The customer changes the grace period: what was promised may shrink to that, but not below the floor from now. */
  graceChanged: (now: Date, grace: GracePeriod, floorMs: number) => void
  /**
   * The customer revokes: no key that was ever handed out is accepted from now on, nor those that were only sent, nor one
   * that exists by now and is sent after all.
   */
  revoked: (sent: Iterable<string>, existing: Iterable<string>) => void
  /** Keys that must be accepted at that moment. */
  accepted: (now: Date) => string[]
  refused: () => string[]
}

/** `leastMs`: the end of what it signed, which neither a rotation nor a grace period brings nearer. */
type Displaced = { at: Date; untilMs: number; untilNextRotation: boolean; leastMs: number }

export function createPromises(): Promises {
  const firsts: string[] = []
  const displaced = new Map<string, Displaced>()
  const refused = new Set<string>()
  const leaked = new Set<string>()
  let next: string | undefined

  return {
    handedOut(at, value, grace, lifeMs = 0) {
      const [first = ''] = value.split(',')
      const former = firsts.at(-1)
      // An older first key comes back by a late write or a rollback, and promises nothing new.
      if (firsts.includes(first)) return
      if (leaked.has(fingerprint(first))) {
        refused.add(first)
        return
      }
      firsts.push(first)
      for (const entry of displaced.values()) {
        if (entry.untilNextRotation) entry.untilMs = Math.min(entry.untilMs, at.getTime())
      }
      if (former === undefined) return
      const untilNextRotation = grace.until === 'next-rotation'
      const untilMs = grace.until === 'elapsed' ? at.getTime() + grace.ms : Number.POSITIVE_INFINITY
      displaced.set(former, { at, untilMs, untilNextRotation, leastMs: at.getTime() + lifeMs })
    },
    announced(key) {
      next = key
      if (key !== undefined && leaked.has(fingerprint(key))) refused.add(key)
    },
    graceChanged(now, grace, floorMs) {
      for (const entry of displaced.values()) {
        // A key that was promised until the next rotation only is promised no more by another period.
        if (entry.untilNextRotation && grace.until === 'next-rotation') continue
        const chosenMs = grace.until === 'elapsed' ? entry.at.getTime() + grace.ms : 0
        entry.untilMs = Math.min(entry.untilMs, Math.max(chosenMs, now.getTime() + floorMs))
      }
    },
    revoked(sent, existing) {
      for (const key of [...firsts, ...sent]) refused.add(key)
      if (next !== undefined) refused.add(next)
      for (const name of existing) leaked.add(name)
    },
    accepted(now) {
      const current = firsts.slice(-1)
      const isPromised = ({ untilMs, leastMs }: Displaced) => Math.max(untilMs, leastMs) > now.getTime()
      const old = [...displaced].filter(([, entry]) => isPromised(entry)).map(([key]) => key)
      const announced = next === undefined ? [] : [next]
      return [...old, ...current, ...announced].filter((key) => !refused.has(key))
    },
    refused: () => [...refused],
  }
}
