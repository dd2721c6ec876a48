import { ODD_PURPOSES } from './derived.ts'
import { forgedTokens } from './forged.ts'
import { kid } from './keys.ts'
import { stateNamed } from './states.ts'
import { EXP, good, type TokenCase } from './token-case.ts'

/** Beyond all the dates of the vectors, for a token that is read in many states. */
const FAR = Date.UTC(2027, 0) / 1_000

type InLife = [state: string, outcome: 'renew' | 'keep' | 'unknown-key']

/** One token of a key in the life of a ring. */
const LIVES: [key: string, states: InLife[]][] = [
  [
    'key 1',
    [
      ['fresh', 'renew'],
      ['rotated once', 'unknown-key'],
      ['next announced', 'renew'],
      ['revoked', 'unknown-key'],
    ],
  ],
  [
    'key 2',
    [
      ['fresh', 'keep'],
      ['fresh, just started', 'keep'],
      ['next announced', 'keep'],
      ['rotated once', 'renew'],
      ['rotated late', 'renew'],
      ['next promoted', 'renew'],
      ['settling', 'keep'],
      ['settled', 'renew'],
      ['next promoted, settling', 'keep'],
      ['in a grace period of two days', 'renew'],
      ['not settling, the second key is over', 'renew'],
      ['grace ended', 'unknown-key'],
      ['rotated twice', 'unknown-key'],
      ['revoked', 'unknown-key'],
      ['revoked with next', 'unknown-key'],
      ['older key kept', 'renew'],
      ['older key kept, settling for short lives alone', 'renew'],
      ['older key, a millisecond before its end', 'renew'],
      ['older key, at its end', 'unknown-key'],
      ['older key, after its end', 'unknown-key'],
      ['without a keyring', 'renew'],
      ['with the keyring of the release before', 'renew'],
      ['with a keyring of another form', 'renew'],
    ],
  ],
  [
    'key 3',
    [
      ['fresh', 'unknown-key'],
      ['next announced', 'keep'],
      ['rotated once', 'keep'],
      ['settling', 'keep'],
      ['next promoted', 'keep'],
      ['next promoted, settling', 'keep'],
      ['grace ended', 'keep'],
      ['rotated twice', 'renew'],
      ['older key kept, settling for short lives alone', 'renew'],
      ['revoked', 'unknown-key'],
      ['without a keyring', 'keep'],
    ],
  ],
  [
    'key 4',
    [
      ['rotated once', 'unknown-key'],
      ['next promoted', 'keep'],
      ['rotated twice', 'keep'],
      // A filler there: nobody signs with it, but it is accepted.
      ['grace ended', 'renew'],
      ['revoked', 'keep'],
    ],
  ],
  ['twin 2', [['two keys with one kid', 'keep']]],
  ['twin 1', [['two keys with one kid', 'renew']]],
  ['foreign', [['rotated once', 'unknown-key']]],
]

const TEXTS: [name: string, text: string][] = [
  ['nothing', ''],
  ['dots', 'a.b.c'],
  ['a zero character', 'nul\0inside'],
  ['an emoji', '🐢 żółw'],
  ['a mark of the byte order', '\ufeffuser-17'],
  ['the replacement character', '\ufffd'],
  ['what is no character in Unicode', '\uffff'],
  ['line breaks', '\r\n'],
]

function lives(): TokenCase[] {
  return LIVES.flatMap(([key, states]) =>
    states.map(([state, outcome]) => ({
      ...{ name: `a token of ${key}: ${state}`, state, token: good(key, 'user-17', FAR) },
      ...(outcome === 'unknown-key'
        ? { reason: outcome }
        : { text: 'user-17', key, exp: FAR, renew: outcome === 'renew' }),
    })),
  )
}

function ends(): TokenCase[] {
  const at = (name: string, now: number, well: boolean): TokenCase => ({
    ...{ name: `the end: ${name}`, token: good(), now },
    ...(well ? { text: 'user-17', key: 'key 3', exp: EXP, renew: false } : { reason: 'expired' }),
  })
  const ofExp = (name: string, exp: number): TokenCase => ({
    ...{ name: `the end: ${name}`, token: good('key 3', 'user-17', exp) },
    ...(exp > EXP ? { text: 'user-17', key: 'key 3', exp, renew: false } : { reason: 'expired' }),
  })
  return [
    at('a second before', (EXP - 1) * 1_000, true),
    at('a millisecond before', EXP * 1_000 - 1, true),
    at('in its second', EXP * 1_000, false),
    at('a year later', (EXP + 31_536_000) * 1_000, false),
    ofExp('of eleven digits', 99_999_999_999),
    ofExp('of one digit', 1),
  ]
}

/** All that the script puts into the list `tokens`. */
function cases(): TokenCase[] {
  return [
    ...lives(),
    ...ends(),
    ...TEXTS.map(([name, text]) => ({
      ...{ name: `a text of ${name}`, token: good('key 3', text) },
      ...{ text, key: 'key 3', exp: EXP, renew: false },
    })),
    {
      ...{ name: 'a text of 8,192 bytes', token: good('key 3', 'x'.repeat(8_192)) },
      ...{ text: 'x'.repeat(8_192), key: 'key 3', exp: EXP, renew: false },
    },
    ...ODD_PURPOSES.map(([name, purpose]) => ({
      ...{ name: `a purpose that is ${name}`, purpose, token: good(), reason: 'bad-purpose' },
    })),
    ...forgedTokens(),
  ]
}

/** The list `tokens` of the vectors. */
export function tokenVectors() {
  return cases().map((each) => {
    const { name, state = 'rotated once', purpose = 'login', token } = each
    const given = { name, state, purpose, now: each.now ?? stateNamed(state).now, token }
    if ('reason' in each) return { ...given, reason: each.reason }
    return { ...given, text: each.text, kid: kid(each.key), expires_at: each.exp, renew: each.renew }
  })
}
