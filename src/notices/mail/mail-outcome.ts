/**
 * What became of a mail.
 * - `refused`: the mail server does not take mail for this address (5xx), and will not the next time
 * - `failed`: everything else, which says nothing of the address and may be over the next time
 */
export type MailOutcome = { outcome: 'sent' } | { outcome: 'refused' | 'failed'; words: string }

/** What nodemailer says of a mail that was not taken. */
type MailError = { code?: unknown; command?: unknown; responseCode?: unknown; response?: unknown }

const WORDS: Readonly<Record<string, string>> = {
  EDNS: 'the name of the mail server is not found',
  ETLS: 'the mail server does not encrypt the connection as it must',
  EAUTH: 'the mail server does not take our password',
  EABORT: 'the mail server takes too long',
  ETIMEDOUT: 'the mail server takes too long',
  ECONNECTION: 'the mail server cannot be reached',
  ESOCKET: 'the mail server cannot be reached',
}

/**
 * Reads an error of nodemailer. The words are ours, with the number of the answer at the most: what a mail server says may
 * hold the address. 503 is about the order of commands, and no word on an address (RFC 5321, 4.2.4).
 */
export function outcomeOfError(error: unknown): MailOutcome {
  const { code, command, responseCode, response } = (error ?? {}) as MailError
  const status = typeof responseCode === 'number' ? responseCode : 0
  const isRefusal = status >= 500 && status < 600 && status !== 503
  if (command === 'RCPT TO' && isRefusal) {
    return {
      outcome: 'refused',
      words: `the mail server refuses this address (${numbersOf(status, response)})`,
    }
  }
  const words = WORDS[String(code)]
  if (status === 0) return { outcome: 'failed', words: words ?? 'the mail could not be handed over' }
  const said = words ?? (isRefusal ? 'the mail server refuses our mail' : 'the mail server asks to try later')
  return { outcome: 'failed', words: `${said} (${numbersOf(status, response)})` }
}

/** Whether nothing was heard of the mail server at all, so that the next mail need not be tried at once. */
export function isUnreachable(error: unknown): boolean {
  const { code, responseCode } = (error ?? {}) as MailError
  const ofConnection = ['EDNS', 'ETLS', 'EAUTH', 'ETIMEDOUT', 'ECONNECTION', 'ESOCKET'].includes(String(code))
  return ofConnection || responseCode === 421
}

/** The reply code, and the enhanced one where there is one (RFC 3463). */
function numbersOf(status: number, response: unknown): string {
  const [, enhanced] = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(String(response)) ?? []
  return enhanced === undefined ? String(status) : `${status} ${enhanced}`
}
