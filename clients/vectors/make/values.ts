import { keyText, kid } from './keys.ts'
import { pair, ring, signs } from './rings.ts'

const ONE = keyText('key 1')
const TWO = keyText('key 2')

const GOOD: [name: string, first: string, second: string][] = [
  ['two keys', 'key 1', 'key 2'],
  ['two keys, the other way round', 'key 2', 'key 1'],
  ['two keys with one key id', 'twin 1', 'twin 2'],
]

const BAD: [name: string, value: string | null, error: string, place: 1 | 2 | null][] = [
  ['not set', null, 'missing', null],
  ['empty', '', 'missing', null],
  ['a space', ' ', 'not-two-keys', null],
  ['one key', ONE, 'not-two-keys', null],
  ['three keys', `${ONE},${TWO},${keyText('key 3')}`, 'not-two-keys', null],
  ['a comma behind the second key', `${ONE},${TWO},`, 'not-two-keys', null],
  ['a comma before the first key', `,${ONE},${TWO}`, 'not-two-keys', null],
  ['two commas between the keys', `${ONE},,${TWO}`, 'not-two-keys', null],
  ['a colon between the keys', `${ONE}:${TWO}`, 'not-two-keys', null],
  ['a semicolon between the keys', `${ONE};${TWO}`, 'not-two-keys', null],
  ['a full-width comma between the keys', `${ONE}\uff0c${TWO}`, 'not-two-keys', null],
  ['a line break between the keys', `${ONE}\n${TWO}`, 'not-two-keys', null],
  ['a word', 'test', 'not-two-keys', null],
  ['a keyring', ring([signs(2)]), 'not-two-keys', null],
  ['the keys as a list in JSON', `["${ONE}","${TWO}"]`, 'bad-key', 1],
  ['a comma', ',', 'bad-key', 1],
  ['an empty first key', `,${TWO}`, 'bad-key', 1],
  ['an empty second key', `${ONE},`, 'bad-key', 2],
  ['two words', 'to,be', 'bad-key', 1],
  ['both keys too short', `${ONE.slice(1)},${TWO.slice(1)}`, 'bad-key', 1],
  ['a first key too short', `${ONE.slice(1)},${TWO}`, 'bad-key', 1],
  ['a second key too short', `${ONE},${TWO.slice(1)}`, 'bad-key', 2],
  ['a first key too long', `${ONE}0,${TWO}`, 'bad-key', 1],
  ['a second key too long', `${ONE},${TWO}0`, 'bad-key', 2],
  ['two halves of keys', `${ONE.slice(32)},${TWO.slice(32)}`, 'bad-key', 1],
  ['lower-case digits', `${ONE.toLowerCase()},${TWO.toLowerCase()}`, 'bad-key', 1],
  ['a second key in lower-case digits', `${ONE},${TWO.toLowerCase()}`, 'bad-key', 2],
  ['a digit G', `${ONE},G${TWO.slice(1)}`, 'bad-key', 2],
  ['a space behind the comma', `${ONE}, ${TWO}`, 'bad-key', 2],
  ['a space before the comma', `${ONE} ,${TWO}`, 'bad-key', 1],
  ['a space at the start', ` ${ONE},${TWO}`, 'bad-key', 1],
  ['a space at the end', `${ONE},${TWO} `, 'bad-key', 2],
  ['a line break at the end', `${ONE},${TWO}\n`, 'bad-key', 2],
  ['a line break and a carriage return at the end', `${ONE},${TWO}\r\n`, 'bad-key', 2],
  ['a line break before the comma', `${ONE}\n,${TWO}`, 'bad-key', 1],
  ['quotes around it', `"${ONE},${TWO}"`, 'bad-key', 1],
  ['quotes around each key', `"${ONE}","${TWO}"`, 'bad-key', 1],
  ['the name before it', `SECURE_KEY=${ONE},${TWO}`, 'bad-key', 1],
  ['a mark of the byte order at the start', `\ufeff${ONE},${TWO}`, 'bad-key', 1],
  ['a full-width digit', `${ONE},\uff10${TWO.slice(1)}`, 'bad-key', 2],
  ['an Arabic digit', `\u0660${ONE.slice(1)},${TWO}`, 'bad-key', 1],
  ['a zero character at the end', `${ONE},${TWO}\0`, 'bad-key', 2],
  ['a zero character within', `${ONE.slice(0, 63)}\0,${TWO}`, 'bad-key', 1],
  ['0x before the second key', `${ONE},0x${TWO.slice(2)}`, 'bad-key', 2],
  ['the same bad key twice', 'bad,bad', 'bad-key', 1],
  ['the same key twice', `${ONE},${ONE}`, 'same-key-twice', 2],
]

/** The list `values` of the vectors. */
export function valueVectors() {
  const good = GOOD.map(([name, first, second]) => ({
    name,
    secure_key: pair(first, second),
    keys: [kid(first), kid(second)],
  }))
  return [...good, ...BAD.map(([name, secure_key, error, place]) => ({ name, secure_key, error, place }))]
}
