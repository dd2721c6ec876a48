/** A clock that stands still until it is told to move. */
export type FakeClock = { now: () => Date; advance: (ms: number) => void; set: (date: string) => void }

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export function createFakeClock(start = '2026-03-03T18:01:31Z'): FakeClock {
  let time = Date.parse(start)
  return {
    now: () => new Date(time),
    advance: (ms) => {
      time += ms
    },
    set: (date) => {
      time = Date.parse(date)
    },
  }
}
