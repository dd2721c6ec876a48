import { createTransport } from 'nodemailer'
import type { MailSender, MailServer } from '../../domain/mail-settings.ts'
import { type Letter, writeLetter } from './letters.ts'
import { isUnreachable, type MailOutcome, outcomeOfError } from './mail-outcome.ts'

/** Sends letters by the mail server. */
export type Mailer = {
  /**
   * Hands a letter for one reader to the mail server. Never throws. One that was cut off by `signal` may have been taken:
   * the next one has the same Message-ID.
   */
  send: (reader: string, letter: Letter, signal?: AbortSignal) => Promise<MailOutcome>
  close: () => void
}

/** What one mail may take at the most, however little by little the server answers. */
const MAIL_LIMIT_MS = 10_000
const TIMES = {
  dnsTimeout: 4_000,
  connectionTimeout: 5_000,
  greetingTimeout: 5_000,
  socketTimeout: 8_000,
  socketCloseTimeout: 1_000,
  idleTimeout: 60_000,
}
const POOL = { maxConnections: 5, maxMessages: 100, maxRequeues: 1 }
const LONGEST_RESPONSE_BYTES = 16_384
/** So long nobody tries a server that could not be reached. */
const UNREACHABLE_FOR_MS = 20_000

export type MailerOptions = {
  server: MailServer
  from: MailSender
  /** How this service names itself to the mail server. */
  host: string
  steadyMs: () => number
}

/**
 * A pool of connections to the mail server. Each mail has one reader and its own limit, so neither a slow connection nor a
 * refused address holds up another. While the server cannot be reached, mails fail at once.
 */
export function createMailer({ server, from, host, steadyMs }: MailerOptions): Mailer {
  const { user, password } = server
  const transport = createTransport({
    pool: true,
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.requireTls,
    // A loopback address has no certificate for its name.
    ignoreTLS: !server.secure && !server.requireTls,
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
    name: host,
    maxResponseSize: LONGEST_RESPONSE_BYTES,
    // A letter names no files and no addresses to read from.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...TIMES,
    ...POOL,
  })
  let unreachable: { untilMs: number; outcome: MailOutcome } | undefined

  return {
    async send(reader, letter, signal) {
      if (unreachable && steadyMs() < unreachable.untilMs) return unreachable.outcome
      const { messageId, headers, ...written } = writeLetter(letter, reader)
      const limit = AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(MAIL_LIMIT_MS)])
      try {
        await transport.sendMail({
          ...written,
          from,
          to: { name: '', address: reader },
          envelope: { from: from.address, to: [reader] },
          messageId: `<${messageId}@${domainOf(from.address)}>`,
          headers: { ...headers },
          xMailer: false,
          signal: limit,
        })
        unreachable = undefined
        return { outcome: 'sent' }
      } catch (error) {
        const outcome = outcomeOfError(error)
        if (isUnreachable(error)) unreachable = { untilMs: steadyMs() + UNREACHABLE_FOR_MS, outcome }
        return outcome
      }
    },
    close: () => transport.close({ force: true }),
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
