import { accepted, DAY, HOUR, older, ring, signs, T0 } from './rings.ts'
import { shown } from './shown.ts'
import { MINUTE, type State } from './state.ts'

/** Seven fortnights: old keys are kept so long for what they signed, and six hours while apps restart. */
const LIFE = 98 * DAY
/** Key 8 signs from then on; key 1 was the first to give way, a fortnight after the beginning. */
const AT = T0 + 7 * 14 * DAY
const endOf = (key: number) => T0 + key * 14 * DAY + LIFE + 6 * HOUR
const OLDER = [6, 5, 4, 3, 2, 1]
const KEYRING = ring([signs(8), accepted(7, endOf(7)), ...OLDER.map((key) => older(key, endOf(key)))], {
  ...{ rotatedAt: AT, goodFor: LIFE / 1_000 },
})
const names = (...keys: number[]) => keys.map((key) => `key ${key}`)

const full = (name: string, now: number, change: Partial<State> = {}): State => ({
  ...{ name, keys: ['key 8', 'key 7'], keyring: KEYRING, now, startedAt: AT, guaranteedLife: LIFE / 1_000 },
  shown: [shown(8, 'sign'), ...[7, ...OLDER].map((key) => shown(key, 'verify', endOf(key)))],
  ...{ accepted: names(8, 7, ...OLDER), signing: 'key 8', list: names(8, 7, ...OLDER) },
  ...change,
})

/** As many keys as there can be, for what lives longer than two of them. */
export const KEPT_STATES: State[] = [
  full('eight keys kept', AT + HOUR),
  // What is signed now lives no longer than the second key.
  full('eight keys kept, settling', AT + MINUTE, { signing: 'key 7', list: names(7, 8, ...OLDER) }),
  full('eight keys kept, the oldest at its end', endOf(1), {
    ...{ accepted: names(8, 7, 6, 5, 4, 3, 2), list: names(8, 7, 6, 5, 4, 3, 2) },
  }),
]
