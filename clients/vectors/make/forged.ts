import { isUtf8 } from 'node:buffer'
import { keyText, kid } from './keys.ts'
import { derivedKey, hkdf, withMac, withMacBy } from './reference.ts'
import { EXP, good, type TokenCase } from './token-case.ts'

const KEY = keyText('key 3')
const TOKEN = good()
const [PREFIX = '', KID = '', END = '', TEXT = '', MAC = ''] = TOKEN.split('.')
const SIGNED = TOKEN.slice(0, TOKEN.lastIndexOf('.'))
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const OTHER_TEXT = Buffer.from('user-18').toString('base64url')

/** What was never made by `sign` of this ring, and what must be said of it. */
export function forgedTokens(): TokenCase[] {
  return [...malformed(), ...badMacs(), ...order(), ...oneCharacter()]
}

/** A token whose MAC is right, of bytes that `sign` would not take. */
function rightMac(change: { kid?: string; exp?: string; text?: string | Buffer }): string {
  const text = typeof change.text === 'string' ? change.text : (change.text?.toString('base64url') ?? TEXT)
  return withMac(`sk1.${change.kid ?? KID}.${change.exp ?? END}.${text}`, KEY, 'login')
}

/** The last digit of base64url holds bits that mean nothing: another digit, the same bytes. */
function sameBytes(text: string): string {
  const last = BASE64URL.indexOf(text.slice(-1))
  return text.slice(0, -1) + BASE64URL.charAt(last + 1)
}

function malformed(): TokenCase[] {
  const tokens: [name: string, token: unknown][] = [
    ['null', null],
    ['true', true],
    ['a number', 17],
    ['an empty text', ''],
    ['an empty list', []],
    ['a list with a token in it', [TOKEN]],
    ['a token twice, as of a parameter that stands twice', [TOKEN, TOKEN]],
    ['an object', {}],
    ['an object with a token in it', { token: TOKEN }],
    ['an object that is dressed up as a text', { length: TOKEN.length, 0: 's', toString: TOKEN }],
    ['a word', 'user-17'],
    ['dots', '....'],
    ['half of a character', { half: '' }],
    ['a token with half of a character behind it', { half: TOKEN }],
    ['a megabyte', { repeat: 'x', times: 1_000_000 }],
    ['a megabyte of dots', { repeat: '.', times: 1_000_000 }],
    ['a form of another number', TOKEN.replace('sk1', 'sk2')],
    ['a form in upper case', TOKEN.replace('sk1', 'SK1')],
    ['without its form', TOKEN.slice(4)],
    ['without its MAC', SIGNED],
    ['with an empty MAC', `${SIGNED}.`],
    ['with a dot behind it', `${TOKEN}.`],
    ['with a dot before it', `.${TOKEN}`],
    ['with a part too many', `${TOKEN}.${MAC}`],
    ['with a space before it', ` ${TOKEN}`],
    ['with a space behind it', `${TOKEN} `],
    ['with a line break behind it', `${TOKEN}\n`],
    ['with a line break before it', `\n${TOKEN}`],
    ['with a zero character behind it', `${TOKEN}\0`],
    ['in quotes', `"${TOKEN}"`],
    ['encoded for an address', TOKEN.replaceAll('.', '%2E')],
    ['with a full-width dot', TOKEN.replace('.', '\uff0e')],
    ['a kid in upper case', rightMac({ kid: KID.toUpperCase() })],
    ['a kid too short', rightMac({ kid: KID.slice(1) })],
    ['a kid too long', rightMac({ kid: `${KID}0` })],
    ['an empty kid', rightMac({ kid: '' })],
    ['a kid with a full-width digit', rightMac({ kid: `${KID.slice(1)}\uff11` })],
    ['an empty end', rightMac({ exp: '' })],
    ['an end of 0', rightMac({ exp: '0' })],
    ['an end with a zero before it', rightMac({ exp: `0${END}` })],
    ['an end with a plus', rightMac({ exp: `+${END}` })],
    ['an end below 0', rightMac({ exp: `-${END}` })],
    ['an end with a fraction', rightMac({ exp: `${END},0` })],
    ['an end in hexadecimal digits', rightMac({ exp: `0x${EXP.toString(16)}` })],
    ['an end with an exponent', rightMac({ exp: '9e9' })],
    ['an end of twelve digits', rightMac({ exp: '100000000000' })],
    ['an end in full-width digits', rightMac({ exp: `\uff11${END.slice(1)}` })],
    ['an end in Arabic digits', rightMac({ exp: `\u0661${END.slice(1)}` })],
    ['an end with a line break', rightMac({ exp: `${END}\n` })],
    ['a text with padding', rightMac({ text: `${TEXT}==` })],
    ['a text of base64, not of base64url', rightMac({ text: Buffer.from('>>>???').toString('base64') })],
    ['a text of five digits', rightMac({ text: 'AAAAA' })],
    ['a text that is not canonical', rightMac({ text: sameBytes(TEXT) })],
    ['a text with a space', rightMac({ text: `${TEXT.slice(0, 4)} ${TEXT.slice(4)}` })],
    ['a text with a line break', rightMac({ text: `${TEXT}\n` })],
    ['a text of bytes that are not UTF-8', rightMac({ text: Buffer.from([0xff]) })],
    ['a text that ends within a character', rightMac({ text: Buffer.from('🐢').subarray(0, 3) })],
    ['a text with a byte of another encoding', rightMac({ text: Buffer.from('caf\xe9', 'latin1') })],
    ['a text with half of a character', rightMac({ text: Buffer.from([0xed, 0xa0, 0xbd]) })],
    ['a text with a dot in two bytes', rightMac({ text: Buffer.from([0xc0, 0xae]) })],
    ['a text beyond Unicode', rightMac({ text: Buffer.from([0xf4, 0x90, 0x80, 0x80]) })],
    ['a text of 8,193 bytes', rightMac({ text: Buffer.alloc(8_193, 'x') })],
    ['a text of 9,300 bytes', rightMac({ text: Buffer.alloc(9_300, 'x') })],
    ['a MAC with padding', `${TOKEN}=`],
    ['a MAC too short', TOKEN.slice(0, -1)],
    ['a MAC too long', `${TOKEN}A`],
    ['a MAC that is not canonical', `${SIGNED}.${sameBytes(MAC)}`],
    ['a MAC in hex', `${SIGNED}.${Buffer.from(MAC, 'base64url').toString('hex')}`],
    ['a MAC of base64, not of base64url', `${SIGNED}.${'+'.repeat(42)}A`],
    ['the form of the snippets', `user-17.${'0'.repeat(64)}`],
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyLTE3In0.'],
  ]
  return tokens.map(([name, token]) => ({ name: `no token: ${name}`, token, reason: 'malformed' }))
}

function badMacs(): TokenCase[] {
  const tokens: [name: string, token: string][] = [
    ['nothing but zeros', `${SIGNED}.${'A'.repeat(43)}`],
    ['of another text', `${PREFIX}.${KID}.${END}.${OTHER_TEXT}.${MAC}`],
    ['of another end', `${PREFIX}.${KID}.${EXP + 1}.${TEXT}.${MAC}`],
    ['of the other key', withMac(SIGNED, keyText('key 2'), 'login')],
    ['of a key of somebody else', withMac(SIGNED, keyText('foreign'), 'login')],
    ['of another purpose', good('key 3', 'user-17', EXP, 'unsubscribe')],
    ['of a purpose in upper case', good('key 3', 'user-17', EXP, 'Login')],
    ['of a derived key', withMacBy(SIGNED, derivedKey(KEY, 'login', 32))],
    ['of a derived key of a sly purpose', withMacBy(SIGNED, derivedKey(KEY, '../sk1/login', 32))],
    ['of the bytes of the key', withMacBy(SIGNED, Buffer.from(KEY, 'hex'))],
    ['of the text of the key', withMacBy(SIGNED, KEY)],
    ['of half of the key', withMacBy(SIGNED, hkdf(KEY, 'securekey/sk1/login', 16))],
    ['of an empty key', withMacBy(SIGNED, '')],
    ['over less than it should cover', `${SIGNED}.${withMac(TEXT, KEY, 'login').split('.')[1]}`],
  ]
  const twins = withMac(good('twin 1', 'user-17').replace(/\.[^.]*$/, ''), keyText('foreign'), 'login')
  return [
    ...tokens.map(([name, token]) => ({ name: `a MAC: ${name}`, token, reason: 'bad-mac' })),
    {
      ...{ name: 'a MAC: of neither of two keys with that kid', state: 'two keys with one kid' },
      ...{ token: twins, reason: 'bad-mac' },
    },
  ]
}

/** What is wrong in several ways is refused for the first of them. */
function order(): TokenCase[] {
  const now = EXP * 1_000
  const foreign = good('foreign')
  return [
    { name: 'order: no purpose, and no token', purpose: '', token: null, reason: 'bad-purpose' },
    { name: 'order: no purpose, and all else', purpose: '', token: foreign, now, reason: 'bad-purpose' },
    { name: 'order: malformed, and unknown', token: `${foreign}=`, reason: 'malformed' },
    {
      ...{ name: 'order: malformed by its text alone, and unknown', reason: 'malformed' },
      token: withMac(`sk1.${kid('foreign')}.${END}._w`, keyText('foreign'), 'login'),
    },
    {
      ...{ name: 'order: malformed by its text alone, and a bad MAC', reason: 'malformed' },
      token: `sk1.${KID}.${END}._w.${MAC}`,
    },
    { name: 'order: malformed, and expired', token: rightMac({ exp: '0' }), now, reason: 'malformed' },
    { name: 'order: unknown, and a bad MAC', token: foreign.slice(0, -43) + MAC, reason: 'unknown-key' },
    { name: 'order: unknown, and expired', token: foreign, now, reason: 'unknown-key' },
    {
      ...{ name: 'order: a bad MAC, and expired', now, reason: 'bad-mac' },
      token: `${PREFIX}.${KID}.${END}.${OTHER_TEXT}.${MAC}`,
    },
    {
      ...{ name: 'order: another purpose, and expired', now, reason: 'bad-mac' },
      token: good('key 3', 'user-17', EXP, 'unsubscribe'),
    },
  ]
}

/** Each character of a token in another way. */
function oneCharacter(): TokenCase[] {
  return [...TOKEN].map((character, index) => {
    const part = TOKEN.slice(0, index).split('.').length - 1
    const changed = TOKEN.slice(0, index) + otherThan(character, part) + TOKEN.slice(index + 1)
    const name = `character ${index + 1} in another way`
    return { name, token: changed, reason: reasonOf(changed) }
  })
}

/** What is wrong with a token of which one character was changed. */
function reasonOf(token: string): string {
  const [prefix, id, , text = '', ...rest] = token.split('.')
  if (prefix !== PREFIX || rest.length !== 1 || !isUtf8(Buffer.from(text, 'base64url'))) return 'malformed'
  return id === KID ? 'bad-mac' : 'unknown-key'
}

/** Another digit of the same part. Of the last of base64url, one that is canonical too. */
function otherThan(character: string, part: number): string {
  if (character === '.') return 'A'
  if (part === 0) return character === 's' ? 'S' : 'z'
  if (part === 1) return character === '0' ? '1' : '0'
  if (part === 2) return character === '9' ? '8' : '9'
  return BASE64URL.charAt((BASE64URL.indexOf(character) + 16) % 64)
}
