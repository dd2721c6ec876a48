import { keyText } from './keys.ts'
import { derivedKey } from './reference.ts'

const LONGEST = 'p'.repeat(100)
const GOOD: [key: string, purpose: string, length: number][] = [
  ['key 1', 'login', 32],
  ['key 2', 'login', 32],
  ['key 1', 'logout', 32],
  ['key 1', 'login', 16],
  ['key 1', 'login', 17],
  ['key 1', 'login', 33],
  ['key 1', 'login', 64],
  ['key 1', 'a', 32],
  ['key 1', LONGEST, 32],
  ['key 1', 'AZaz09._:/-', 32],
  ['key 1', '-', 32],
  ['key 1', '../sk1/login', 32],
]

/** What is no purpose; `sign` and `verify` refuse the same. */
export const ODD_PURPOSES: [name: string, purpose: unknown][] = [
  ['empty', ''],
  ['too long', `${LONGEST}p`],
  ['with a space', 'log in'],
  ['with a space at its end', 'login '],
  ['with a line break at its end', 'login\n'],
  ['with a line break before it', '\nlogin'],
  ['with a zero character', 'login\0'],
  ['with a letter of another script', 'logín'],
  ['with a full-width letter', '\uff4cogin'],
  ['with an Arabic digit', 'login\u0661'],
  ['with a comma', 'a,b'],
  ['with half of a character', { half: 'login' }],
  ['null', null],
  ['a number', 17],
  ['true', true],
  ['a list', ['login']],
  ['an object', {}],
]

const ODD_LENGTHS: [name: string, length: unknown][] = [
  ['15 bytes', 15],
  ['65 bytes', 65],
  ['no bytes', 0],
  ['less than none', -32],
  ['half a byte', 32.5],
  ['a text', '32'],
  ['true', true],
  ['a list', [32]],
  ['not a number', { number: 'NaN' }],
  ['infinity', { number: 'Infinity' }],
]

/** The list `derived` of the vectors. */
export function derivedVectors() {
  return [
    ...GOOD.map(([key, purpose, length]) => ({
      name: `${key}, ${length} bytes for ${purpose}`,
      ...{ key, purpose, length },
      bytes: derivedKey(keyText(key), purpose, length).toString('hex'),
    })),
    ...ODD_PURPOSES.map(([name, purpose]) => ({
      name: `a purpose that is ${name}`,
      ...{ key: 'key 1', purpose, length: 32, error: 'bad-purpose' },
    })),
    ...ODD_LENGTHS.map(([name, length]) => ({
      name: `a length of ${name}`,
      ...{ key: 'key 1', purpose: 'login', length, error: 'bad-length' },
    })),
    {
      name: 'a purpose and a length that are odd',
      ...{ key: 'key 1', purpose: '', length: 15, error: 'bad-purpose' },
    },
  ]
}
