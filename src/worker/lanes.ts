/** Whether one more of a lane may begin: `now`; `soon`, when another has ended; or `no`, its receiver is slow. */
export type Room = 'now' | 'soon' | 'no'

/**
 * Shares a number of places among lanes. Deliveries with the same receiver share a lane: one that answers at once may have
 * most of the places, one that lets us wait has two, and all that do so have half of them together. So a receiver that
 * hangs holds nobody else up for longer than it takes to find that out.
 */
export type Lanes = {
  room: (lane: string) => Room
  /** Takes a place; what it returns gives it back. */
  enter: (lane: string) => () => void
}

const SLOW_AFTER_MS = 2_000
const PLACES_OF_SLOW = 2
const MOST_KEPT = 1_000

type Lane = { begunMs: Set<{ at: number }>; slow: boolean }

/** `steadyMs`: a clock that never jumps. */
export function createLanes(places: number, steadyMs: () => number): Lanes {
  const lanes = new Map<string, Lane>()
  let used = 0

  function isSlow(lane: Lane): boolean {
    const now = steadyMs()
    return lane.slow || [...lane.begunMs].some(({ at }) => now - at >= SLOW_AFTER_MS)
  }

  return {
    room(name) {
      const lane = lanes.get(name)
      if (used >= places) return lane && isSlow(lane) ? 'no' : 'soon'
      if (!lane) return 'now'
      if (!isSlow(lane)) return lane.begunMs.size < (places * 3) / 4 ? 'now' : 'soon'
      const slowOnes = [...lanes.values()].filter(isSlow)
      const usedBySlow = slowOnes.reduce((sum, each) => sum + each.begunMs.size, 0)
      return lane.begunMs.size < PLACES_OF_SLOW && usedBySlow < places / 2 ? 'now' : 'no'
    },

    enter(name) {
      const lane = lanes.get(name) ?? { begunMs: new Set(), slow: false }
      lanes.delete(name)
      lanes.set(name, lane)
      const begun = { at: steadyMs() }
      lane.begunMs.add(begun)
      used += 1
      return () => {
        if (!lane.begunMs.delete(begun)) return
        used -= 1
        lane.slow = steadyMs() - begun.at >= SLOW_AFTER_MS
        if (lane.begunMs.size === 0 && !lane.slow) lanes.delete(name)
        forgetOldest()
      }
    },
  }

  /** Slow lanes are remembered until one delivery is fast again; those that nobody has used for longest are forgotten. */
  function forgetOldest(): void {
    for (const [name, lane] of lanes) {
      if (lanes.size <= MOST_KEPT) return
      if (lane.begunMs.size === 0) lanes.delete(name)
    }
  }
}
