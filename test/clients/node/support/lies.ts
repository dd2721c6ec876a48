import { gzipSync } from 'node:zlib'
import { answers, endless, keysOf, type Respond, says } from './live.ts'
import { entry, keyringBody, keyText, PAIR } from './rings.ts'

/** What a server may do wrong, the word for it in every library, and the server. The keys stay what they were: versions 5 and 4. */
export const FAILURES: [string, string, Respond][] = [
  ['a 304 that nobody asked for', 'not-asked', says(304)],
  ['a redirect', 'redirected', says(302, { location: '/v1/keyring' })],
  ['a redirect elsewhere', 'redirected', says(307, { location: 'http://127.0.0.1:1/v1/keyring' })],
  ['a 429', 'too-many-requests', says(429)],
  ['a 403', 'refused', says(403)],
  ['a 404', 'refused', says(404)],
  ['a 500', 'server-error', says(500)],
  ['a 503 of another kind', 'server-error', answers({ type: 'urn:securekey:problem:not-now' }, {}, 503)],
  ['a 503 with a page', 'server-error', answers('<html>', { 'content-type': 'text/html' }, 503)],
  [
    'a page that says the keys are revoked',
    'server-error',
    answers({ type: 'urn:securekey:problem:keys-revoked' }, { 'content-type': 'text/html' }, 503),
  ],
  ['a 503 without end', 'server-error', endless(503)],
  ['a 204', 'server-error', says(204)],
  ['a gigabyte', 'too-large', endless(200)],
  ['64 kB and one', 'too-large', answers(Buffer.alloc(65_537, 32))],
  ['no JSON', 'unreadable', answers('{')],
  ['JSON of nothing', 'unreadable', answers('null')],
  ['a list', 'unreadable', answers([keysOf(6)])],
  ['an empty body', 'unreadable', answers('')],
  ['another type', 'unreadable', answers(keysOf(6), { 'content-type': 'text/html' })],
  ['no UTF-8', 'unreadable', answers(Buffer.from(JSON.stringify({ ...keysOf(6), x: '\xff' }), 'latin1'))],
  [
    'a compressed body',
    'unreadable',
    answers(gzipSync(JSON.stringify(keysOf(6))), { 'content-encoding': 'gzip' }),
  ],
  ['what is no gzip', 'unreadable', answers(keysOf(6), { 'content-encoding': 'gzip' })],
  ['JSON behind a byte order mark', 'unreadable', answers(`\ufeff${JSON.stringify(keysOf(6))}`)],
  ['JSON behind a comment', 'unreadable', answers(`/**/${JSON.stringify(keysOf(6))}`)],
  ['keys of another form', 'unreadable', answers({ ...keysOf(6), secure_key: `${keyText(6)}` })],
  ['keys that are numbers', 'unreadable', answers({ ...keysOf(6), secure_key: 6 })],
  ['no keyring', 'unreadable', answers({ secure_key: PAIR })],
  [
    'a keyring of other keys',
    'unreadable',
    answers({ ...keysOf(6), secure_keyring: JSON.stringify(keyringBody()) }),
  ],
  ['an older pair', 'older', answers(keysOf(4))],
  [
    'another key of the same version',
    'other-key',
    answers(
      keysOf(5, {
        keys: [
          { ...entry.sign(5), version: 6 },
          { ...entry.verify(4), version: 5 },
        ],
      }),
    ),
  ],
]
