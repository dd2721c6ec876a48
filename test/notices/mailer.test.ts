import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { parseMailFrom, parseSmtpUrl } from '../../src/domain/mail-settings.ts'
import type { Notice } from '../../src/domain/notices/notice.ts'
import type { Letter } from '../../src/notices/mail/letters.ts'
import { createMailer } from '../../src/notices/mail/mailer.ts'
import { type Arrived, MAIL_FROM, type MailServerForTests, startMailServer } from '../support/mail-server.ts'

const ANN = 'ann@example.com'
const ROTATED: Notice = {
  id: '01234567-89ab-4cde-8f01-000000000001_7_mb1',
  kind: 'rotation-done',
  at: new Date('2026-03-03T12:00:00Z'),
  seq: 7,
  text: 'solid-1 was rotated <b>&amp;</b> so on.',
  facts: {},
}
const UNSUBSCRIBE = 'https://securekey.example.com/mail/unsubscribe/x'
const LETTER: Extract<Letter, { kind: 'notices' }> = {
  kind: 'notices',
  addon: 'solid-1',
  notices: [ROTATED],
  unsubscribe: UNSUBSCRIBE,
}

function mailerTo(url: string, more: { steadyMs?: () => number } = {}) {
  const mailer = createMailer({
    server: parseSmtpUrl(url),
    from: parseMailFrom(MAIL_FROM),
    host: 'securekey.example.com',
    steadyMs: () => 0,
    ...more,
  })
  onTestFinished(() => mailer.close())
  return mailer
}

/** Something that listens as a mail server does, and then does as it is told. */
async function startBadServer(meet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    meet(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  })
  const address = server.address()
  return `smtp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

/** The only mail that has arrived. */
function onlyOne({ arrived }: MailServerForTests): Arrived {
  const [first] = arrived
  if (!first || arrived.length > 1) throw new Error(`${arrived.length} mails have arrived`)
  return first
}

test('a mail has one reader, says what happened in its subject, and nobody’s holiday note answers it', async () => {
  const server = await startMailServer()
  expect(await mailerTo(server.url).send(ANN, LETTER)).toEqual({ outcome: 'sent' })
  const { mail, to, from } = onlyOne(server)
  expect([to, from]).toEqual([[ANN], 'notices@securekey.example.com'])
  expect(mail.subject).toBe('solid-1: the key was rotated')
  expect(mail.from?.value).toEqual([{ name: 'securekey', address: 'notices@securekey.example.com' }])
  expect(mail.to).toMatchObject({ value: [{ address: ANN }] })
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
  expect(mail.headers.has('x-mailer')).toBe(false)
})

test('a mail says the same as plain text and as HTML, which escapes all of it and loads nothing', async () => {
  const server = await startMailServer()
  const evil = { ...ROTATED, text: '<img src="https://evil.example/x"> & <script>steal()</script>' }
  await mailerTo(server.url).send(ANN, { ...LETTER, addon: '<i>solid</i>', notices: [evil] })
  const { mail } = onlyOne(server)
  const html = String(mail.html)
  for (const part of ['The key was rotated', '2026-03-03 12:00 UTC']) {
    expect(mail.text).toContain(part)
    expect(html).toContain(part)
  }
  expect(mail.text).toContain(evil.text)
  expect(html).toContain('&lt;img src=&quot;https://evil.example/x&quot;&gt; &amp; &lt;script&gt;')
  expect(html).not.toMatch(/<(img|script|link|iframe|object|form|i)\b|<[^>]*\ssrc=|@import|url\(/i)
  expect([...html.matchAll(/href="([^"]*)"/g)].map(([, link]) => link)).toEqual([UNSUBSCRIBE])
  expect(mail.attachments).toEqual([])
})

test('neither the name of an add-on nor a sentence adds a header or another reader', async () => {
  const server = await startMailServer()
  const addon = 'solid\r\nBcc: thief@example.com\r\n\r\nbody'
  const text = 'a line\r\n.\r\nMAIL FROM:<x@example.com>'
  await mailerTo(server.url).send(ANN, { ...LETTER, addon, notices: [{ ...ROTATED, text }] })
  const { mail, to } = onlyOne(server)
  expect(to).toEqual([ANN])
  expect(mail.bcc).toBeUndefined()
  expect(mail.headers.get('subject')).toBe('solid Bcc: thief@example.com body: the key was rotated')
})

test('a mail program ends the mails of an address by one press, and those to collaborators name no such link', async () => {
  const server = await startMailServer()
  const mailer = mailerTo(server.url)
  await mailer.send(ANN, LETTER)
  expect(onlyOne(server).raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m)
  expect(onlyOne(server).mail.headers.get('list')).toMatchObject({ unsubscribe: { url: UNSUBSCRIBE } })
  const { unsubscribe: _, ...toCollaborators } = LETTER
  await mailer.send('bob@example.com', toCollaborators)
  expect(server.arrived[1]?.raw).not.toMatch(/^List-Unsubscribe/m)
  expect(server.arrived[1]?.mail.text).toContain('Heroku lists you among those who may work on an')
})

test('the same letter to the same reader has the same Message-ID, and any other has another', async () => {
  const server = await startMailServer()
  const mailer = mailerTo(server.url)
  const other = { ...ROTATED, id: 'another' }
  await mailer.send(ANN, LETTER)
  await mailer.send(ANN, LETTER)
  await mailer.send('bob@example.com', LETTER)
  await mailer.send(ANN, { ...LETTER, notices: [ROTATED, other] })
  await mailer.send(ANN, { ...LETTER, notices: [other] })
  const ids = server.arrived.map(({ mail }) => mail.messageId)
  expect(ids[1]).toBe(ids[0])
  expect(ids[0]).toMatch(/^<01234567-[\w-]+_7_mb1\.[0-9a-f]{16}@securekey\.example\.com>$/)
  expect(new Set(ids).size).toBe(4)
  expect(server.arrived[3]?.mail.subject).toBe('solid-1: the key was rotated, and 1 more')
})

test('an address that the mail server refuses for good is told apart from all that may be over the next time', async () => {
  const server = await startMailServer({
    onMailFrom: ({ address }, _session, done) => done(address.startsWith('notices') ? null : new Error('x')),
  })
  const mailer = mailerTo(server.url)
  const words = async (code: number, text: string) => {
    server.answerTo(ANN, { code, text })
    return await mailer.send(ANN, LETTER)
  }
  expect(await words(550, '5.1.1 <ann@example.com> is not here')).toEqual({
    outcome: 'refused',
    words: 'the mail server refuses this address (550 5.1.1)',
  })
  for (const code of [450, 451, 503]) {
    const { outcome, words: said } = (await words(code, 'ann@example.com later')) as {
      outcome: string
      words: string
    }
    expect([outcome, said]).toEqual(['failed', expect.stringContaining(`(${code})`)])
    expect(said).not.toContain('ann')
  }
  server.answerTo(ANN, undefined)
  expect(await mailer.send(ANN, LETTER)).toEqual({ outcome: 'sent' })
})

test('a mail that is refused for what it says, or for who we are, condemns no address', async () => {
  const spam = await startMailServer({
    onData(stream, _session, done) {
      stream.resume()
      stream.on('end', () => done(Object.assign(new Error('spam'), { responseCode: 554 })))
    },
  })
  expect(await mailerTo(spam.url).send(ANN, LETTER)).toEqual({
    outcome: 'failed',
    words: 'the mail server refuses our mail (554)',
  })
  const closed = await startMailServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(Object.assign(new Error('no'), { responseCode: 535 })),
  })
  const url = closed.url.replace('smtp://', 'smtp://user:wrong@')
  expect(await mailerTo(url).send(ANN, LETTER)).toEqual({
    outcome: 'failed',
    words: 'the mail server does not take our password (535)',
  })
})

test('a reader for whom the mail server takes for ever holds up no other', async () => {
  const server = await startMailServer({
    onRcptTo({ address }, _session, done) {
      if (address !== 'slow@example.com') done()
    },
  })
  const mailer = mailerTo(server.url)
  const giveUp = new AbortController()
  const slow = mailer.send('slow@example.com', LETTER, giveUp.signal)
  const others = await Promise.all([ANN, 'bob@example.com'].map((reader) => mailer.send(reader, LETTER)))
  expect(others).toEqual([{ outcome: 'sent' }, { outcome: 'sent' }])
  giveUp.abort()
  expect(await slow).toEqual({ outcome: 'failed', words: 'the mail server takes too long' })
  expect(await mailer.send(ANN, LETTER)).toEqual({ outcome: 'sent' })
})

test('a connection that dies under a mail fails that mail, or brings it by another', async () => {
  let met = 0
  const url = await startBadServer((socket) => {
    met += 1
    socket.write('220 here\r\n')
    socket.once('data', () => socket.destroy())
  })
  expect(await mailerTo(url).send(ANN, LETTER)).toMatchObject({ outcome: 'failed' })
  expect(met).toBeGreaterThan(0)
  expect(met).toBeLessThan(4)
})

test('while the mail server cannot be reached mails fail at once, and go out when it is back', async () => {
  const server = await startMailServer()
  await server.close()
  let now = 0
  const mailer = mailerTo(server.url, { steadyMs: () => now })
  const failed = { outcome: 'failed', words: 'the mail server cannot be reached' }
  expect(await mailer.send(ANN, LETTER)).toEqual(failed)
  const back = await startMailServer({ port: server.port })
  now += 19_999
  expect(await mailer.send(ANN, LETTER)).toEqual(failed)
  expect(back.arrived).toEqual([])
  now += 1
  expect(await mailer.send(ANN, LETTER)).toEqual({ outcome: 'sent' })
})

test('a mail server that offers no encryption gets neither the password nor a mail, unless it is on a loopback address', async () => {
  const said: string[] = []
  const url = await startBadServer((socket) => {
    socket.write('220 here\r\n')
    socket.on('data', (chunk) => {
      said.push(String(chunk))
      socket.write(said.length === 1 ? '250-here\r\n250 AUTH PLAIN\r\n' : '502 no\r\n')
    })
  })
  const server = { ...parseSmtpUrl(url.replace('//', '//user:secret@')), requireTls: true }
  const mailer = createMailer({ server, from: parseMailFrom(MAIL_FROM), host: 'x', steadyMs: () => 0 })
  onTestFinished(() => mailer.close())
  expect(await mailer.send(ANN, LETTER)).toMatchObject({
    outcome: 'failed',
    words: expect.stringContaining('does not encrypt'),
  })
  expect(said.join('')).not.toMatch(/AUTH|MAIL/)
  expect(parseSmtpUrl('smtp://smtp.example.com').requireTls).toBe(true)
  expect(parseSmtpUrl('smtps://smtp.example.com')).toMatchObject({ secure: true, port: 465 })
})
