import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { readContentDigest, readMessageSignature } from '../../src/http/api/message-signature.ts'
import { signatureBase } from '../../src/http/api/signature-base.ts'

/** The request of RFC 9421, appendix B.2. */
const REQUEST = {
  method: 'POST',
  scheme: 'https',
  authority: 'example.com',
  path: '/foo',
  fieldLines: (name: string) =>
    ({ date: ['Tue, 20 Apr 2021 02:07:55 GMT'], 'content-type': ['application/json'], twice: [' a', 'b '] })[
      name
    ] ?? [],
}
const COVERED = '("@method" "@authority" "@path" "authorization" "content-type" "content-digest")'
const NONCE = 'abcdefghijklmnopqrstuv'
const PARAMS = `created=1618884473;nonce="${NONCE}";keyid="0a1b2c3d";alg="hmac-sha256"`
const INPUT = `securekey=${COVERED};${PARAMS}`
const MAC = Buffer.alloc(32, 7)
const SIGNATURE = `securekey=:${MAC.toString('base64')}:`
const read = (input: string | string[], signature: string | string[] = SIGNATURE) =>
  readMessageSignature({ input: [input].flat(), signature: [signature].flat() })

test('the signature base is that of RFC 9421: its own example for hmac-sha256 comes out (B.2.5)', () => {
  const params = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
  const base = signatureBase(['date', '@authority', 'content-type'], params, REQUEST) ?? ''
  const secret = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='
  const mac = createHmac('sha256', Buffer.from(secret, 'base64')).update(base).digest('base64')
  expect(mac).toBe('pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=')
})

test('the signature base holds each component as RFC 9421 derives it, and several lines of a field as one', () => {
  const names = ['@method', '@path', '@request-target', '@scheme', '@target-uri', 'twice']
  expect(signatureBase(names, '()', REQUEST)?.split('\n')).toEqual([
    '"@method": POST',
    '"@path": /foo',
    '"@request-target": /foo',
    '"@scheme": https',
    '"@target-uri": https://example.com/foo',
    '"twice": a, b',
    '"@signature-params": ()',
  ])
})

test.each([['absent'], ['@status'], ['@query'], ['Date'], ['da te'], ['@method', '@method']])(
  'there is no signature base over %s %s',
  (...names) => {
    expect(signatureBase(names, '()', REQUEST)).toBeUndefined()
  },
)

test('a signature is read with all that it says of itself', () => {
  expect(read(INPUT)).toEqual({
    components: ['@method', '@authority', '@path', 'authorization', 'content-type', 'content-digest'],
    params: `${COVERED};${PARAMS}`,
    mac: MAC,
    created: 1618884473,
    expires: null,
    nonce: NONCE,
    kid: '0a1b2c3d',
  })
  expect(read(`${INPUT};expires=1618884500;tag="x"`)?.expires).toBe(1618884500)
})

test.each<[string, string | string[], (string | string[])?]>([
  ['is not sent', []],
  ['is sent in two lines', [INPUT, INPUT]],
  ['has its bytes in two lines', INPUT, [SIGNATURE, SIGNATURE]],
  ['names its label twice', `${INPUT}, ${INPUT}`],
  ['has two labels', `${INPUT}, other=("@method")`],
  ['has another label', INPUT.replace('securekey', 'sig1'), SIGNATURE.replace('securekey', 'sig1')],
  ['has another label for its bytes', INPUT, SIGNATURE.replace('securekey', 'sig1')],
  ['has a parameter twice', `${INPUT};created=1`],
  ['has a parameter that we do not know', `${INPUT};x=1`],
  ['covers no list', `securekey=1;${PARAMS}`],
  ['covers a component in another form', INPUT.replace('"content-type"', '"content-type";bs')],
  ['covers a token', INPUT.replace('"@method"', 'method')],
  ['covers too much', INPUT.replace('(', `(${'"a" '.repeat(30)}`)],
  ['has no alg', INPUT.replace(';alg="hmac-sha256"', '')],
  ['has another alg', INPUT.replace('hmac-sha256', 'ed25519')],
  ['has its alg as a token', INPUT.replace('"hmac-sha256"', 'hmac-sha256')],
  ['was created never', INPUT.replace('created=1618884473;', '')],
  ['was created at no whole second', INPUT.replace('1618884473', '1618884473.5')],
  ['was created at a text', INPUT.replace('1618884473', '"1618884473"')],
  ['expires at a text', `${INPUT};expires="x"`],
  ['has no nonce', INPUT.replace(`nonce="${NONCE}";`, '')],
  ['has a short nonce', INPUT.replace(NONCE, NONCE.slice(1))],
  ['has a long nonce', INPUT.replace(NONCE, 'a'.repeat(65))],
  ['has an odd nonce', INPUT.replace(NONCE, `${NONCE}=`)],
  ['has a long kid', INPUT.replace('0a1b2c3d', '0a1b2c3d4e')],
  ['has a kid in upper case', INPUT.replace('0a1b2c3d', '0A1B2C3D')],
  ['is padded with blanks', INPUT.replace('("', '( "')],
  ['is long', `${INPUT};tag="${'x'.repeat(2_000)}"`],
  ['is none at all', '\u0000'],
  ['has few bytes', INPUT, `securekey=:${MAC.subarray(1).toString('base64')}:`],
  ['has bytes without padding', INPUT, SIGNATURE.replace('=:', ':').replace('=:', ':')],
  ['has bytes with a parameter', INPUT, `${SIGNATURE};x`],
  ['has a text for bytes', INPUT, 'securekey="x"'],
])('a signature that %s is none', (_how, input, signature) => {
  expect(read(input, signature ?? SIGNATURE)).toBeUndefined()
})

test('the digest of a body is read among others, and one that is stated in two ways is none', () => {
  const sha256 = `sha-256=:${MAC.toString('base64')}:`
  expect(readContentDigest([sha256])).toEqual(MAC)
  expect(readContentDigest([`sha-512=:AAAA:, ${sha256}`])).toEqual(MAC)
  for (const lines of [[], [sha256, sha256], [`${sha256}, ${sha256}`], ['sha-256="x"'], ['sha-512=:AAAA:']]) {
    expect(readContentDigest(lines)).toBeUndefined()
  }
})
