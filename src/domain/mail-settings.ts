import { readMailAddress } from './mail-address.ts'

/** The mail server, by which all mail goes out. */
export type MailServer = {
  host: string
  port: number
  /** TLS from the first byte; else the connection is upgraded before anything is said, except on a loopback address. */
  secure: boolean
  requireTls: boolean
  user: string | undefined
  password: string | undefined
}

/** Whom mail is from. */
export type MailSender = { name: string; address: string }

const LOOPBACK = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/
const LONGEST_NAME = 100

/** Reads `SMTP_URL`. Throws in words that never quote it: it holds a password. */
export function parseSmtpUrl(text: string): MailServer {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isMail = url !== undefined && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== ''
  if (!isMail) {
    throw new Error('must be a URL such as smtps://user:password@smtp.example.com or smtp://… for STARTTLS')
  }
  if (url.search !== '' || url.hash !== '' || !['', '/'].includes(url.pathname)) {
    throw new Error('must have no path, query or fragment')
  }
  const secure = url.protocol === 'smtps:'
  const [user, password] = [decoded(url.username), decoded(url.password)]
  if ((user === undefined) !== (password === undefined)) throw new Error('names a user or a password alone')
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTls: !secure && !LOOPBACK.test(url.hostname),
    user,
    password,
  }
}

function decoded(part: string): string | undefined {
  if (part === '') return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error('has a user or a password with a % that is not encoded (%25)')
  }
}

/** Reads `MAIL_FROM`: an address, or a name and an address in angle brackets. Throws in words that never quote it. */
export function parseMailFrom(text: string): MailSender {
  const named = /^"?(?<name>[^"<>\p{Cc}]*?)"?\s*<(?<address>[^<>]+)>$/u.exec(text)?.groups
  const name = named?.name?.trim() ?? ''
  const read = readMailAddress(named?.address ?? text)
  if ('problem' in read || name.length > LONGEST_NAME) {
    throw new Error('must be an address, such as securekey@example.com or securekey <securekey@example.com>')
  }
  return { name: name || 'securekey', address: read.address }
}
