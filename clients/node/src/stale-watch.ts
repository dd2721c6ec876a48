const PAUSE_MS = 30_000

/** Tells of a kid that the ring does not hold, at most once in 30 seconds: anybody can send such tokens. */
export function createStaleWatch(tell: (kid: string) => void): (kid: string, nowMs: number) => void {
  let toldMs: number | undefined
  return (kid, nowMs) => {
    // A clock that was put back must not keep it silent.
    if (toldMs !== undefined && nowMs >= toldMs && nowMs < toldMs + PAUSE_MS) return
    toldMs = nowMs
    tell(kid)
  }
}
