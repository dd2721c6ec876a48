import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { onTestFinished } from 'vitest'

/** A mail that arrived: as it was sent, as a mail reader reads it, and to whom it went. */
export type Arrived = { to: string[]; from: string; raw: string; mail: ParsedMail }

/** A mail server of this process. */
export type MailServerForTests = {
  url: string
  port: number
  arrived: Arrived[]
  /** How it answers `RCPT TO` of an address from now on; undefined: it takes mail for it. */
  answerTo: (address: string, answer: { code: number; text: string } | undefined) => void
  close: () => Promise<void>
}

export const MAIL_FROM = 'securekey <notices@securekey.example.com>'

/** Starts a mail server on a loopback address and ends it with the test. */
export async function startMailServer(
  options: SMTPServerOptions & { whenFinished?: (end: () => Promise<void>) => unknown; port?: number } = {},
): Promise<MailServerForTests> {
  const { whenFinished = onTestFinished, port = 0, ...given } = options
  const arrived: Arrived[] = []
  const answers = new Map<string, { code: number; text: string }>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 100,
    logger: false,
    onRcptTo({ address }, _session, done) {
      const answer = answers.get(address.toLowerCase())
      done(answer ? Object.assign(new Error(answer.text), { responseCode: answer.code }) : null)
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const raw = Buffer.concat(chunks)
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : mailFrom.address
        simpleParser(raw).then((mail) => {
          arrived.push({ to: rcptTo.map(({ address }) => address), from, raw: raw.toString(), mail })
          done()
        }, done)
      })
    },
    ...given,
  })
  server.on('error', () => {})
  const listening = server.listen(port, '127.0.0.1')
  await new Promise<void>((resolve) => listening.once('listening', resolve))
  const bound = (listening.address() as AddressInfo).port
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    await new Promise<void>((resolve) => server.close(resolve))
  }
  whenFinished(close)
  return {
    url: `smtp://127.0.0.1:${bound}`,
    port: bound,
    arrived,
    answerTo(address, answer) {
      if (answer) answers.set(address.toLowerCase(), answer)
      else answers.delete(address.toLowerCase())
    },
    close,
  }
}
