import { cleanText } from '../clean-text.ts'

/** Where a webhook's notices are sent, and what may be shown of that: a query, and a long part of a path, are secrets. */
export type WebhookUrl = { url: string; shown: string }

const LONGEST_URL = 1_000
const LONGEST_SHOWN = 200
/** A part of a path that is as long as this may be a secret; so much of it is shown. */
const LONG_PART = 16
const SHOWN_OF_PART = 4
const UNSEEN = /[\s\p{C}]/u
/** Names that no public name server knows. */
const NOT_PUBLIC = /(?:^|\.)(?:localhost|local|internal|home\.arpa|invalid|onion)$/
const IPV4 = /^[0-9.]+$/
const LOOPBACK = '127.0.0.1'

/**
 * Reads the URL of a receiver, or says what is wrong with it, in words that follow "The URL". It is https on port 443 of a
 * name, without user and password. `local`: of a service that is reached by plain http, on one machine; there 127.0.0.1
 * is allowed too, on every port and by http. What the name resolves to is judged at each connection.
 */
export function parseWebhookUrl(
  text: string,
  { local }: { local: boolean },
): WebhookUrl | { problem: string } {
  const trimmed = text.slice(0, LONGEST_URL + 100).trim()
  if (trimmed.length > LONGEST_URL) return { problem: `is longer than ${LONGEST_URL} characters` }
  // The parser would leave some of these out without a word.
  if (UNSEEN.test(trimmed)) return { problem: 'holds a blank or a character that cannot be seen' }
  const url = URL.parse(trimmed)
  if (!url || trimmed.includes('\\')) {
    return { problem: 'cannot be read: https://hooks.example.com/securekey would be one' }
  }
  const problem = problemOf(url, local)
  if (problem !== undefined) return { problem }
  if (url.href.length > LONGEST_URL) return { problem: `is longer than ${LONGEST_URL} characters` }
  return { url: url.href, shown: shownOf(url) }
}

function problemOf(url: URL, local: boolean): string | undefined {
  const { protocol, hostname, port } = url
  const here = local && hostname === LOOPBACK
  if (protocol !== 'https:' && !(here && protocol === 'http:')) return 'must begin with https://'
  if (url.username !== '' || url.password !== '') return 'must not hold a user or a password'
  if (url.hash !== '') return 'must not hold a #, since what follows it is never sent'
  if (here) return undefined
  if (port !== '') return 'must use port 443, as https does by itself'
  // The parser has made decimal, octal and hexadecimal addresses one form.
  if (hostname.startsWith('[') || IPV4.test(hostname)) return 'must hold a name, not an IP address'
  if (hostname.endsWith('.')) return 'must not have a dot behind its host name'
  if (!hostname.includes('.') || NOT_PUBLIC.test(hostname)) return 'must hold a name that is public'
  return undefined
}

function shownOf({ origin, pathname, search }: URL): string {
  const path = pathname
    .split('/')
    .map((part) => (part.length < LONG_PART ? part : `${part.slice(0, SHOWN_OF_PART)}…`))
    .join('/')
  return cleanText(`${origin}${path}${search === '' ? '' : '?…'}`, LONGEST_SHOWN)
}
