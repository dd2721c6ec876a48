import { ODD_PURPOSES } from './derived.ts'
import { keyText } from './keys.ts'
import { tokenOf } from './reference.ts'
import { FIRST_ROTATION, HALF_PERIOD, SECOND_ROTATION } from './rings.ts'
import { stateNamed } from './states.ts'

type Signed = {
  name: string
  state?: string
  purpose?: unknown
  text?: unknown
  expiresIn?: unknown
  now?: number
  error?: string
  /** What must come of it: the key that signs, and the life in seconds. */
  key?: string
  life?: number
}

const HALF = { half: 'user-17' }
const repeated = (repeat: string, times: number) => ({ repeat, times })

const TEXTS: [name: string, text: unknown][] = [
  ['a word', 'user-17'],
  ['nothing', ''],
  ['dots', 'a.b.c'],
  ['a token', 'sk1.aaaaaaaa.1.x.y'],
  ['JSON', '{"id":17}'],
  ['a line break', 'two\nlines\r\n'],
  ['a zero character', 'nul\0inside'],
  ['a zero character alone', '\0'],
  ['letters of other scripts', 'żółw 東京 עברית'],
  ['an emoji', '🐢'],
  ['a letter with its accent apart', 'e\u0301'],
  ['the same letter in one', '\u00e9'],
  ['a mark of the byte order', '\ufeffuser-17'],
  ['the replacement character', '\ufffd'],
  ['what is no character in Unicode', '\uffff'],
  ['all that base64url has and base64 has not', '>>>???~~~ÿÿÿ'],
  ['8,192 bytes', repeated('x', 8_192)],
  ['8,192 bytes of 4,096 characters', repeated('é', 4_096)],
  ['8,192 bytes of 2,048 emoji', repeated('🐢', 2_048)],
]

const ODD_TEXTS: [name: string, text: unknown, error: string][] = [
  ['half of a character', HALF, 'bad-text'],
  ['null', null, 'bad-text'],
  ['a number', 17, 'bad-text'],
  ['true', true, 'bad-text'],
  ['a list', ['user-17'], 'bad-text'],
  ['an object', {}, 'bad-text'],
  ['8,193 bytes', repeated('x', 8_193), 'text-too-long'],
  ['8,193 bytes of 2,731 characters', repeated('€', 2_731), 'text-too-long'],
  ['a megabyte', repeated('x', 1_000_000), 'text-too-long'],
]

const LIVES: [expiresIn: unknown, seconds: number][] = [
  [1, 1],
  [60, 60],
  [HALF_PERIOD, HALF_PERIOD],
  ['90s', 90],
  ['30m', 1_800],
  ['12h', 43_200],
  ['7d', HALF_PERIOD],
  ['07d', HALF_PERIOD],
  ['000001s', 1],
  ['604800s', HALF_PERIOD],
]

const ODD_LIVES: [name: string, expiresIn: unknown, error: string][] = [
  ['0', 0, 'bad-life'],
  ['-1', -1, 'bad-life'],
  ['half a second', 0.5, 'bad-life'],
  ['a second and a half', 1.5, 'bad-life'],
  ['infinity', { number: 'Infinity' }, 'bad-life'],
  ['minus infinity', { number: '-Infinity' }, 'bad-life'],
  ['not a number', { number: 'NaN' }, 'bad-life'],
  ['null', null, 'bad-life'],
  ['true', true, 'bad-life'],
  ['a list', [60], 'bad-life'],
  ['an object', {}, 'bad-life'],
  ['an empty text', '', 'bad-life'],
  ['a number as a text', '60', 'bad-life'],
  ['a unit alone', 'd', 'bad-life'],
  ['0d', '0d', 'bad-life'],
  ['000000s', '000000s', 'bad-life'],
  ['7 d', '7 d', 'bad-life'],
  [' 7d', ' 7d', 'bad-life'],
  ['7d and a line break', '7d\n', 'bad-life'],
  ['7D', '7D', 'bad-life'],
  ['1w', '1w', 'bad-life'],
  ['7days', '7days', 'bad-life'],
  ['1d12h', '1d12h', 'bad-life'],
  ['1.5h', '1.5h', 'bad-life'],
  ['+7d', '+7d', 'bad-life'],
  ['-7d', '-7d', 'bad-life'],
  ['seven digits', '0000007s', 'bad-life'],
  ['a full-width digit', '\uff17d', 'bad-life'],
  ['an Arabic digit', '\u0667d', 'bad-life'],
  ['a second more than the ring guarantees', HALF_PERIOD + 1, 'life-too-long'],
  ['8d', '8d', 'life-too-long'],
  ['999999d', '999999d', 'life-too-long'],
  ['2^53', 2 ** 53, 'life-too-long'],
]

/** What is wrong in several ways is refused for the first of them. */
const ORDER: Signed[] = [
  { name: 'all wrong', purpose: '', text: HALF, expiresIn: 0, error: 'bad-purpose' },
  { name: 'all but the purpose wrong', text: HALF, expiresIn: 0, error: 'bad-text' },
  { name: 'too long, and no life', text: repeated('x', 8_193), expiresIn: 0, error: 'text-too-long' },
  {
    ...{ name: 'too long, and too long a life', text: repeated('x', 8_193), expiresIn: '8d' },
    error: 'text-too-long',
  },
  {
    ...{ name: 'half of a character at the end of a long text', text: { half: 'x'.repeat(9_000) } },
    error: 'bad-text',
  },
]

const SETTLING_END = (SECOND_ROTATION - FIRST_ROTATION - 80_000) / 1_000
/** Which key signs, by the state and the life. */
const BY_STATE: [state: string, expiresIn: number, result: { key?: string; error?: string }, now?: number][] =
  [
    ['fresh', 60, { key: 'key 2' }],
    ['rotated once', 60, { key: 'key 3' }],
    ['rotated twice', 60, { key: 'key 4' }],
    ['revoked', 60, { key: 'key 4' }],
    ['next announced', 60, { key: 'key 2' }],
    ['next promoted', 60, { key: 'key 3' }],
    ['next promoted, settling', 60, { key: 'key 2' }],
    ['older key kept, settling for short lives alone', 60, { key: 'key 3' }],
    ['older key kept, settling for short lives alone', 172_800, { key: 'key 4' }],
    ['settling', 60, { key: 'key 2' }],
    ['settling', HALF_PERIOD, { key: 'key 2' }],
    ['settling', SETTLING_END, { error: 'life-too-long' }],
    ['settled', 60, { key: 'key 3' }],
    ['settling turned off', 60, { key: 'key 3' }],
    ['settling for short lives alone', 3_600, { key: 'key 2' }],
    ['settling for short lives alone', 86_400, { key: 'key 2' }],
    ['settling for short lives alone', 86_401, { key: 'key 3' }],
    ['not settling, the second key is over', 1, { key: 'key 3' }],
    ['not settling after a revoke', 60, { key: 'key 3' }],
    ['without a keyring', 43_200, { key: 'key 3' }],
    ['without a keyring', 43_201, { error: 'life-too-long' }],
    ['without a keyring, with a life of a week', HALF_PERIOD, { key: 'key 3' }],
    ['without a keyring, with a life of a week', HALF_PERIOD + 1, { error: 'life-too-long' }],
    ['with a shorter life of the app', 3_600, { key: 'key 3' }],
    ['with a shorter life of the app', 3_601, { error: 'life-too-long' }],
    ['with a longer life of the app', HALF_PERIOD + 1, { error: 'life-too-long' }],
    ['grace ended', 172_800, { key: 'key 3' }],
    ['grace ended', 172_801, { error: 'life-too-long' }],
    ['two keys with one kid', 60, { key: 'twin 2' }],
  ]

/** The list `signed` of the vectors. */
export function signedVectors() {
  const now = stateNamed('rotated once').now
  const all: Signed[] = [
    ...TEXTS.map(([name, text]) => ({ name: `a text of ${name}`, text })),
    ...ODD_TEXTS.map(([name, text, error]) => ({ name: `no text: ${name}`, text, error })),
    ...LIVES.map(([expiresIn, life]) => ({
      name: `a life of ${JSON.stringify(expiresIn)}`,
      expiresIn,
      life,
    })),
    ...ODD_LIVES.map(([name, expiresIn, error]) => ({ name: `no life: ${name}`, expiresIn, error })),
    ...ODD_PURPOSES.map(([name, purpose]) => ({
      ...{ name: `a purpose that is ${name}`, purpose, error: 'bad-purpose' },
    })),
    { name: 'another purpose', purpose: 'unsubscribe' },
    { name: 'a purpose of every kind of character', purpose: 'AZaz09._:/-' },
    { name: 'in the last millisecond of a second', now: now + 999 },
    {
      ...{ name: 'in the last millisecond of a second, the end of the second key', life: 86_400 },
      ...{ expiresIn: 86_400, state: 'settling for short lives alone', key: 'key 2' },
      now: stateNamed('settling for short lives alone').now + 999,
    },
    ...ORDER,
    ...BY_STATE.map(([state, expiresIn, result]) => ({
      ...{ name: `${expiresIn} s, ${state}`, state, expiresIn, life: expiresIn, ...result },
    })),
  ]
  return all.map(vectorOf)
}

function vectorOf(signed: Signed) {
  const { name, state = 'rotated once', purpose = 'login', text = 'user-17', error } = signed
  const { expiresIn = 3_600, life = 3_600, key = 'key 3', now = stateNamed(state).now } = signed
  const given = { name, state, purpose, text, expires_in: expiresIn, now }
  if (error !== undefined) return { ...given, error }
  const exp = Math.floor(now / 1_000) + life
  const written = plainText(text)
  return { ...given, token: tokenOf({ key: keyText(key), purpose: String(purpose), text: written, exp }) }
}

/** The text that an argument stands for. */
function plainText(text: unknown): string {
  if (typeof text === 'string') return text
  const { repeat, times } = text as { repeat: string; times: number }
  return repeat.repeat(times)
}
