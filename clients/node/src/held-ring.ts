import type { NamedKeys } from './refresh/judge.ts'
import type { Dates } from './refresh/waits.ts'
import { type Ring, ringOf, ringOfOne, settleEndMs } from './ring.ts'
import { type Key, keyOf } from './secure-key.ts'

/** The ring of this moment. It is replaced as a whole, so nobody sees half of another one. */
export type HeldRing = {
  ring: () => Ring
  /** Puts these keys into the place of all that were held. */
  take: (keys: NamedKeys, nowMs: number) => void
  /** One key that nobody else has: all that were held are revoked, and frameworks want one. */
  standIn: () => void
  dates: (nowMs: number) => Dates
}

/** `onChange` is told when another list of keys is held. */
export function createHeldRing(
  first: Ring,
  own: { maxLifeS: number | undefined; settleS: number },
  randomBytes: (count: number) => Buffer,
  onChange: () => void,
): HeldRing {
  let ring = first
  const hold = (next: Ring) => {
    const before = ring
    ring = next
    if (listText(before) !== listText(next)) onChange()
  }
  return {
    ring: () => ring,
    take: ({ pair, value }, nowMs) => {
      // The settle time of a key counts from the moment at which this process held it first.
      const startedAtMs = pair[0].text === ring.first.text ? ring.startedAtMs : nowMs
      hold(ringOf(pair, value, { ...own, startedAtMs }))
    },
    standIn: () => hold(ringOfOne(newKey(randomBytes), { ...ring, standsIn: true })),
    dates: (nowMs) => ({
      nextRotationMs: ring.value?.nextRotationAt.getTime(),
      settleEndsMs: settleEndMs(ring, nowMs),
    }),
  }
}

function newKey(randomBytes: (count: number) => Buffer): Key {
  return keyOf(randomBytes(32).toString('hex').toUpperCase())
}

/** Two rings are the same to an app if they show the same. */
function listText({ keys, standsIn }: Ring): string {
  const shown = keys.map(({ key, use, version, until }) => [key.kid, use, version, until?.getTime()])
  return JSON.stringify([shown, standsIn])
}
