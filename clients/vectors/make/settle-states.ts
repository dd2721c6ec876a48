import { accepted, DAY, FIRST_ROTATION, HALF_PERIOD, HOUR, ring, signs } from './rings.ts'
import { shown } from './shown.ts'
import { END, MINUTE, notSettling, once, START, type State, settling, WITHOUT } from './state.ts'

/** With another end of the second key. */
const secondUntil = (until: number): Partial<State> => ({
  keyring: ring([signs(3), accepted(2, until)]),
  shown: [shown(3, 'sign'), shown(2, 'verify', until)],
})

/** The settle time, and each condition of it. */
export const SETTLE_STATES: State[] = [
  settling('settling', {
    lists: [
      [1, ['key 2', 'key 3']],
      [(END - START - MINUTE) / 1_000, ['key 2', 'key 3']],
      [(END - START - MINUTE) / 1_000 + 1, ['key 3', 'key 2']],
      [30 * 86_400, ['key 3', 'key 2']],
    ],
  }),
  settling('settling, at its start', { now: START }),
  settling('settling, the clock set back behind the start', { now: START - MINUTE }),
  settling('settling, its last millisecond', { now: START + 599_999 }),
  notSettling('settled', { now: START + 600_000 }),
  settling('settling for a minute', { settle: 61 }),
  notSettling('settled after a minute', { settle: 60 }),
  notSettling('settling turned off', { settle: 0 }),
  notSettling('settling turned off, at the start', { settle: 0, now: START }),
  settling('settling after a rotation by hand', { keyring: once({ reason: 'manual' }) }),
  settling('settling after a change of the plan', { keyring: once({ reason: 'plan-change' }) }),
  settling('settling after a reason of a later service', { keyring: once({ reason: 'owner-change' }) }),
  notSettling('not settling after a revoke', { keyring: once({ reason: 'revoke' }) }),
  notSettling('not settling after a provision', { keyring: once({ reason: 'provision' }) }),
  settling('settling after a late start', {
    ...{ startedAt: FIRST_ROTATION + 6 * HOUR - MINUTE, now: FIRST_ROTATION + 6 * HOUR - 1 },
  }),
  notSettling('not settling six hours after the rotation', {
    ...{ startedAt: FIRST_ROTATION + 6 * HOUR - MINUTE, now: FIRST_ROTATION + 6 * HOUR },
  }),
  settling('settling, the rotation five minutes ahead', {
    keyring: once({ rotatedAt: START + 6 * MINUTE, nextRotationAt: END }),
  }),
  notSettling('not settling, the rotation further ahead', {
    keyring: once({ rotatedAt: START + 6 * MINUTE + 1, nextRotationAt: END }),
  }),
  settling('settling, the second key as long as the guaranteed life', {
    ...secondUntil(START + MINUTE + HALF_PERIOD * 1_000),
    lists: [
      [HALF_PERIOD, ['key 2', 'key 3']],
      [HALF_PERIOD + 1, ['key 3', 'key 2']],
    ],
  }),
  notSettling('settling for short lives alone', {
    ...secondUntil(START + MINUTE + DAY),
    lists: [
      [86_400, ['key 2', 'key 3']],
      [86_401, ['key 3', 'key 2']],
    ],
  }),
  notSettling('not settling, the second key is over', {
    ...secondUntil(START),
    lists: [[1, ['key 3', 'key 2']]],
  }),
  notSettling('not settling, a filler stands second', {
    keyring: ring([signs(3)]),
    shown: [shown(3, 'sign'), shown(2, 'filler')],
  }),
  notSettling('not settling without a keyring', { ...WITHOUT, warning: 'keyring-missing' }),
]
