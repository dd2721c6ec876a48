import { mkdir, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { systemNow } from './clock.ts'

/** A mail that arrived. `file`: where it can be looked at in a browser. */
export type LocalMail = { at: Date; to: string; subject: string; text: string; file: string }

/** A mail server for whatever the service sends: nothing leaves the machine, and every mail is kept as a page. */
export type MailBox = {
  url: string
  folder: string
  mails: readonly LocalMail[]
  /** Calls back for every mail that arrives from now on. */
  onMail: (tell: (mail: LocalMail) => void) => void
  close: () => Promise<void>
}

export const MAIL_FROM = 'securekey <notices@securekey.example>'
const MOST_KEPT = 1_000
const LARGEST_BYTES = 1_000_000

/** Listens on a free port of the loopback address. */
export async function startMailBox(logFolder: string): Promise<MailBox> {
  const folder = join(logFolder, 'mail')
  await mkdir(folder, { recursive: true })
  const mails: LocalMail[] = []
  const listeners: ((mail: LocalMail) => void)[] = []

  async function keep(to: string, raw: Buffer): Promise<void> {
    const { subject = '', text = '', html } = await simpleParser(raw)
    const at = systemNow()
    const file = join(folder, `${at.toISOString().replace(/[:.]/g, '-')}-${mails.length + 1}.html`)
    await writeFile(file, typeof html === 'string' ? html : text)
    const mail = { at, to, subject, text, file }
    mails.push(mail)
    if (mails.length > MOST_KEPT) mails.shift()
    for (const tell of listeners) tell(mail)
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    size: LARGEST_BYTES,
    closeTimeout: 500,
    logger: false,
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address).join(', ')
        keep(to, Buffer.concat(chunks)).then(() => done(), done)
      })
    },
  })
  // A connection that breaks is the service's to notice.
  server.on('error', () => {})
  const listening = server.listen(0, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    listening.once('listening', resolve)
    listening.once('error', reject)
  })
  const { port } = listening.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    folder,
    mails,
    onMail: (tell) => void listeners.push(tell),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
