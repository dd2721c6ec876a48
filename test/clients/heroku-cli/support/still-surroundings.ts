import type { Surroundings } from '../../../../clients/heroku-cli/src/surroundings.ts'

export const NOW = new Date('2026-03-10T12:00:00Z')

const MOST_SLEEPS = 100

/** A clock that moves only while somebody sleeps; `slept` is how long each sleep was. */
export function stillSurroundings(): Surroundings & { slept: number[] } {
  const slept: number[] = []
  return {
    slept,
    now: () => new Date(NOW.getTime() + slept.reduce((sum, ms) => sum + ms, 0)),
    sleep: async (ms) => {
      // What never ends fails instead.
      if (slept.length >= MOST_SLEEPS) throw new Error('slept too often')
      slept.push(ms)
    },
    uuid: () => '7b5b0f0e-0000-4000-8000-000000000001',
  }
}
