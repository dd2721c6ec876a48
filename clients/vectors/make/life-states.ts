import { accepted, announced, DAY, FIRST_ROTATION, HOUR, older, ring, signs, T0 } from './rings.ts'
import { shown } from './shown.ts'
import { END, MINUTE, notSettling, ONCE_SHOWN, once, type State, settling } from './state.ts'

const FRESH = ring([signs(2)], { reason: 'provision', rotatedAt: T0 })
const TWICE = ring([signs(4), accepted(3, END + 14 * DAY)], { rotatedAt: END })
const NEXT = ring([signs(2), announced(3)], { reason: 'provision', rotatedAt: T0 })
const PROMOTED = ring([signs(3), accepted(2), announced(4)])
const PROMOTED_SHOWN = [shown(4, 'next'), ...ONCE_SHOWN]
const REVOKED = { reason: 'revoke', rotatedAt: FIRST_ROTATION + DAY, revokedTo: 3 }
/** Seven days too late: the date after it is half a period away at least. */
const LATE = { rotatedAt: FIRST_ROTATION + 6.9 * DAY, nextRotationAt: END }
const OLDER_END = FIRST_ROTATION + 2 * DAY
const OLDER = ring([signs(4), accepted(3, OLDER_END + DAY), older(2, OLDER_END)], {
  reason: 'manual',
  rotatedAt: FIRST_ROTATION + DAY,
  goodFor: 172_800,
})
const OLDER_SHOWN = [shown(4, 'sign'), shown(3, 'verify', OLDER_END + DAY), shown(2, 'verify', OLDER_END)]

/** The life of an add-on. */
export const LIFE_STATES: State[] = [
  {
    ...{ name: 'fresh', keys: ['key 2', 'key 1'], keyring: FRESH, now: T0 + DAY, startedAt: T0 + MINUTE },
    shown: [shown(2, 'sign'), shown(1, 'filler')],
    ...{ accepted: ['key 2', 'key 1'], signing: 'key 2', list: ['key 2', 'key 1'] },
  },
  {
    ...{ name: 'fresh, just started', keys: ['key 2', 'key 1'], keyring: FRESH },
    ...{ now: T0 + 2 * MINUTE, startedAt: T0 + MINUTE },
    shown: [shown(2, 'sign'), shown(1, 'filler')],
    ...{ accepted: ['key 2', 'key 1'], signing: 'key 2', list: ['key 2', 'key 1'] },
  },
  notSettling('rotated once', { now: FIRST_ROTATION + DAY }),
  {
    ...{ name: 'rotated twice', keys: ['key 4', 'key 3'], keyring: TWICE, now: END + DAY, startedAt: END },
    shown: [shown(4, 'sign'), shown(3, 'verify', END + 14 * DAY)],
    ...{ accepted: ['key 4', 'key 3'], signing: 'key 4', list: ['key 4', 'key 3'] },
  },
  notSettling('rotated late', { keyring: once(LATE), now: LATE.rotatedAt + DAY }),
  notSettling('in a grace period of two days', {
    keyring: ring([signs(3), accepted(2, FIRST_ROTATION + 2 * DAY)], { goodFor: 172_800 }),
    now: FIRST_ROTATION + DAY,
    guaranteedLife: 172_800,
    shown: [shown(3, 'sign'), shown(2, 'verify', FIRST_ROTATION + 2 * DAY)],
  }),
  {
    ...{ name: 'grace ended', keys: ['key 3', 'key 4'], now: FIRST_ROTATION + 3 * DAY },
    keyring: ring([signs(3)], { goodFor: 172_800 }),
    ...{ startedAt: FIRST_ROTATION + 2 * DAY, guaranteedLife: 172_800 },
    shown: [shown(3, 'sign'), shown(4, 'filler')],
    ...{ accepted: ['key 3', 'key 4'], signing: 'key 3', list: ['key 3', 'key 4'] },
  },
  {
    ...{ name: 'revoked', keys: ['key 4', 'key 5'], keyring: ring([signs(4)], REVOKED) },
    ...{ now: REVOKED.rotatedAt + MINUTE, startedAt: REVOKED.rotatedAt },
    shown: [shown(4, 'sign'), shown(5, 'filler')],
    ...{ accepted: ['key 4', 'key 5'], signing: 'key 4', list: ['key 4', 'key 5'] },
  },
  {
    ...{ name: 'next announced', keys: ['key 2', 'key 1'], keyring: NEXT, now: T0 + DAY, startedAt: T0 },
    shown: [shown(3, 'next'), shown(2, 'sign'), shown(1, 'filler')],
    ...{ accepted: ['key 3', 'key 2', 'key 1'], signing: 'key 2', list: ['key 2', 'key 1', 'key 3'] },
  },
  notSettling('next promoted', {
    ...{ keyring: PROMOTED, now: FIRST_ROTATION + DAY, shown: PROMOTED_SHOWN },
    ...{ accepted: ['key 4', 'key 3', 'key 2'], list: ['key 3', 'key 2', 'key 4'] },
  }),
  settling('next promoted, settling', {
    ...{ keyring: PROMOTED, shown: PROMOTED_SHOWN },
    ...{ accepted: ['key 4', 'key 3', 'key 2'], list: ['key 2', 'key 3', 'key 4'] },
  }),
  {
    ...{ name: 'revoked with next', keys: ['key 4', 'key 5'] },
    keyring: ring([signs(4), announced(6)], REVOKED),
    ...{ now: REVOKED.rotatedAt + MINUTE, startedAt: REVOKED.rotatedAt },
    shown: [shown(6, 'next'), shown(4, 'sign'), shown(5, 'filler')],
    ...{ accepted: ['key 6', 'key 4', 'key 5'], signing: 'key 4', list: ['key 4', 'key 5', 'key 6'] },
  },
  ...olderKept(),
]

/** Rotated by hand in a grace period: the older key left the second place, and is accepted until its own end. */
function olderKept(): State[] {
  const at = (name: string, now: number, change: Partial<State>): State => ({
    ...{ name, keys: ['key 4', 'key 3'], keyring: OLDER, now, startedAt: now - HOUR, shown: OLDER_SHOWN },
    ...{ accepted: ['key 4', 'key 3', 'key 2'], signing: 'key 4', list: ['key 4', 'key 3', 'key 2'] },
    ...{ guaranteedLife: 172_800, ...change },
  })
  const without = { accepted: ['key 4', 'key 3'], list: ['key 4', 'key 3'] }
  return [
    at('older key kept', FIRST_ROTATION + DAY + HOUR, {}),
    // What is signed for the whole guaranteed life would outlive the second key.
    at('older key kept, settling for short lives alone', FIRST_ROTATION + DAY + MINUTE, {
      startedAt: FIRST_ROTATION + DAY,
      lists: [[86_400, ['key 3', 'key 4', 'key 2']]],
    }),
    at('older key, a millisecond before its end', OLDER_END - 1, {}),
    at('older key, at its end', OLDER_END, without),
    at('older key, after its end', OLDER_END + DAY, without),
  ]
}
