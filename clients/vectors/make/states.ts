import { KEPT_STATES } from './kept-states.ts'
import { kid } from './keys.ts'
import { LIFE_STATES } from './life-states.ts'
import { DAY, HALF_PERIOD, pair, ring, ringBody, SECOND_ROTATION, signs } from './rings.ts'
import { SETTLE_STATES } from './settle-states.ts'
import { shown, shownWithout } from './shown.ts'
import { notSettling, ONCE, once, START, type State, WITHOUT } from './state.ts'

const twin = (number: 1 | 2, use: 'sign' | 'verify') => ({
  ...shown(number, use, use === 'verify' ? SECOND_ROTATION : null),
  kid: kid(`twin ${number}`),
})
/** The keyring beside two keys that share a key id. */
const TWIN_RING = JSON.stringify({ ...ringBody([]), keys: [twin(2, 'sign'), twin(1, 'verify')] })

/** How long a signature may live, and keyrings that are ignored. */
const LIFE_LIMIT_STATES: State[] = [
  notSettling('without a keyring', { ...WITHOUT, now: START + DAY, warning: 'keyring-missing' }),
  notSettling('without a keyring, with a life of a week', {
    ...{ ...WITHOUT, now: START + DAY, warning: 'keyring-missing', maxLife: HALF_PERIOD },
    guaranteedLife: HALF_PERIOD,
  }),
  notSettling('without a keyring, with a life of a minute', {
    ...{ ...WITHOUT, now: START + DAY, warning: 'keyring-missing', maxLife: 60, guaranteedLife: 60 },
  }),
  notSettling('with a shorter life of the app', { now: START + DAY, maxLife: 3_600, guaranteedLife: 3_600 }),
  notSettling('with a longer life of the app', { now: START + DAY, maxLife: 30 * 86_400 }),
  notSettling('with a keyring that does not say how long', {
    ...{ keyring: once({ goodFor: null }), now: START + DAY, guaranteedLife: 43_200 },
  }),
  notSettling('with a life of the app alone', {
    ...{ keyring: once({ goodFor: null }), now: START + DAY, maxLife: 86_400, guaranteedLife: 86_400 },
  }),
  notSettling('with the keyring of the release before', {
    ...{ ...WITHOUT, keyring: ring([signs(2)]), warning: 'keyring-other-keys' },
  }),
  notSettling('with a keyring of another form', {
    ...{ ...WITHOUT, keyring: ONCE.replace('"v":1', '"v":2'), warning: 'keyring-other-form' },
  }),
  notSettling('with a keyring that is cut', {
    ...{ ...WITHOUT, keyring: ONCE.slice(0, 99), warning: 'keyring-unreadable' },
  }),
  {
    ...{ name: 'two keys with one kid', keys: ['twin 2', 'twin 1'], keyring: null, now: START + DAY },
    ...{ startedAt: START, warning: 'keyring-missing', guaranteedLife: 43_200 },
    shown: shownWithout('twin 2', 'twin 1'),
    ...{ accepted: ['twin 2', 'twin 1'], signing: 'twin 2', list: ['twin 2', 'twin 1'] },
  },
  {
    ...{ name: 'two keys with one kid, in a keyring', keys: ['twin 2', 'twin 1'], now: START + DAY },
    ...{ keyring: TWIN_RING, startedAt: START, shown: [twin(2, 'sign'), twin(1, 'verify')] },
    ...{ accepted: ['twin 2', 'twin 1'], signing: 'twin 2', list: ['twin 2', 'twin 1'] },
  },
]

const ALL = [...LIFE_STATES, ...KEPT_STATES, ...SETTLE_STATES, ...LIFE_LIMIT_STATES]

/** A state by its name, for entries that are signed or read under it. */
export function stateNamed(name: string): { now: number } {
  const state = ALL.find((each) => each.name === name)
  if (!state) throw new Error(`there is no state "${name}"`)
  return state
}

/** The list `states` of the vectors. */
export function stateVectors() {
  return ALL.map(vectorOf)
}

function vectorOf(state: State) {
  const { name, keys, keyring, now, startedAt = now - DAY, settle = 600, maxLife = null } = state
  const { warning = null, guaranteedLife = HALF_PERIOD, list, lists = [] } = state
  return {
    ...{ name, secure_key: pair(...keys), secure_keyring: keyring },
    ...{ now, started_at: startedAt, settle, max_life: maxLife },
    ...{ warning, guaranteed_life: guaranteedLife, keys: state.shown },
    ...{ accepted: state.accepted.map(kid), signing: kid(state.signing) },
    lists: [
      { life: null, kids: list.map(kid) },
      ...lists.map(([life, names]) => ({ life, kids: names.map(kid) })),
    ],
  }
}
