/**
 * Who a request says it is from. `ours`: a token or session of this service (`sk_…`); `heroku`: what may be a token of
 * Heroku's; `undefined`: that very word, which version 2.0.1 of Heroku's plugin sends in place of a token.
 */
export type Credential =
  | { kind: 'ours'; text: string }
  | { kind: 'heroku'; text: string }
  | { kind: 'none' }
  | { kind: 'undefined' }

const HEADER = /^(Basic|Bearer) +(\S{1,1000}) *$/i
/** No blanks, no line breaks: it goes into a header at Heroku. */
const TOKEN = /^[\x21-\x7e]{1,400}$/
const NO_TOKEN = ['undefined', 'null']
/** Whatever begins so is for this service, and never goes to Heroku, be it right or wrong. */
const OURS = /^sk_/i

/** Reads `Authorization`: a password of basic auth, whatever the user is called, or a bearer. */
export function credentialIn(header: string | undefined): Credential {
  const [, scheme = '', value = ''] = HEADER.exec(header ?? '') ?? []
  const text = scheme.toLowerCase() === 'basic' ? passwordIn(value) : value
  if (NO_TOKEN.includes(text)) return { kind: 'undefined' }
  if (!TOKEN.test(text)) return { kind: 'none' }
  return { kind: OURS.test(text) ? 'ours' : 'heroku', text }
}

function passwordIn(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString()
  return text.slice(text.indexOf(':') + 1)
}
