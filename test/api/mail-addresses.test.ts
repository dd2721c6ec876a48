import { afterAll, expect, test } from 'vitest'
import type { SsoInput } from '../../simulator/src/sso-form.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { createBrowser } from '../support/browser.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { type Arrived, MAIL_FROM, type MailServerForTests, startMailServer } from '../support/mail-server.ts'
import { historyOf, kindsOf } from '../support/resource.ts'
import { type ApiHarness, startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { tokenOf } from './support/token.ts'

const ANN = 'ann.lee@example.com'
const CONFIRM = /https?:\/\/[^\s"]+\/mail\/confirm\/[\w.-]+/

let started: Promise<{ shared: ApiHarness; mail: MailServerForTests }> | undefined
const ends: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const end of ends.toReversed()) await end()
})

async function start() {
  const whenFinished = (end: () => Promise<void>) => void ends.push(end)
  const mail = await startMailServer({ whenFinished })
  return { mail, shared: await startApi({ env: { SMTP_URL: mail.url, MAIL_FROM }, whenFinished }) }
}

let addons = 0

/** An add-on of its own on a service with a mail server, and Ann at its command line. */
async function startWithMail() {
  started ??= start()
  const { shared, mail } = await started
  mail.arrived.length = 0
  // Nobody has been asked of late.
  shared.clock.advance(DAY)
  addons += 1
  await shared.heroku.customer.createApp(`app-${addons}`)
  const addon = await shared.heroku.customer.createAddon({ app: `app-${addons}`, plan: 'daily' })
  const h: ApiHarness = {
    ...shared,
    addon,
    callerWith: async (...scopes) => shared.caller((await tokenOf({ ...shared, addon }, scopes)).text),
  }
  const signOn = async (more: Partial<SsoInput> = {}) =>
    h.caller((await signedOnByCommandLine(h, more)).token)
  const person = await signOn()
  /** The same for another add-on, without time passing. */
  const another = async () => {
    addons += 1
    await shared.heroku.customer.createApp(`app-${addons}`)
    const other = await shared.heroku.customer.createAddon({ app: `app-${addons}`, plan: 'daily' })
    const { token } = await signedOnByCommandLine(h, {
      addon: other.id,
      userId: 'eve',
      email: 'eve@example.com',
    })
    return { addon: other, person: h.caller(token) }
  }
  const add = async (address: string) => await person('POST', '/mail-addresses', { body: { address } })
  const list = async () =>
    (await person('GET', '/mail-addresses')).body.addresses as Record<string, unknown>[]
  return { h, mail, person, add, list, signOn, another }
}

/** The rows of the addresses of the add-on, whether its link is over or not. */
const rowsOf = async ({ deps, addon }: ApiHarness) => {
  return await deps.db.selectFrom('mail_addresses').selectAll().where('resource_id', '=', addon.id).execute()
}

/** The path of the link in a mail. */
function linkIn(arrived: Arrived | undefined): string {
  return new URL(CONFIRM.exec(arrived?.mail.text ?? '')?.[0] ?? '').pathname
}

const press = async (h: ApiHarness, path: string) => await createBrowser(h).post(path, {})

test('an address gets a link, and is confirmed by the button behind it, once', async () => {
  const { h, mail, add, list } = await startWithMail()
  const added = await add(ANN)
  expect(added).toMatchObject({ status: 201, body: { address: ANN, state: 'unconfirmed', link_sent: true } })
  const link = linkIn(mail.arrived[0])
  // Whoever only looks confirms nothing, however often.
  for (const method of ['GET', 'HEAD', 'GET']) {
    const response = await fetch(new URL(link, h.url), { method })
    expect(response.status).toBe(200)
  }
  const { text } = await createBrowser(h).get(link)
  expect(text).toContain(h.addon.name)
  expect(text).toMatch(/<form method="post">\s*<button/)
  for (const secret of [ANN, 'service-1', 'ann@example.com', h.addon.id]) expect(text).not.toContain(secret)
  expect((await list())[0]).toMatchObject({ state: 'unconfirmed' })
  const pressed = await press(h, link)
  expect([pressed.status, pressed.text.includes('The address is confirmed')]).toEqual([200, true])
  expect(await list()).toMatchObject([{ state: 'confirmed', confirm_by: null }])
  for (const again of [await press(h, link), await createBrowser(h).get(link)]) {
    expect([again.status, again.text.includes('This link is over')]).toEqual([410, true])
  }
  expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind.startsWith('mail-'))).toEqual([
    'mail-address-added',
    'mail-address-confirmed',
  ])
})

test('neither the history nor a program is told more of an address than a reader knows again', async () => {
  const { h, mail, add } = await startWithMail()
  await add(ANN)
  await press(h, linkIn(mail.arrived[0]))
  const told = JSON.stringify(await historyOf(h.deps, h.addon.id))
  expect(told).toContain('a…@example.com')
  expect(told).not.toContain('ann.lee')
  const { body } = await (await h.callerWith('read'))('GET', '/mail-addresses')
  expect(body).toMatchObject({ mail_is_sent: true, addresses: [{ address: 'a…@example.com' }] })
  const rows = await rowsOf(h)
  const asked = await h.deps.db.selectFrom('mail_asked').selectAll().execute()
  for (const text of [
    JSON.stringify([rows, asked]),
    ...rows.map(({ sealed_address }) => sealed_address.toString('latin1')),
  ]) {
    expect(text).not.toMatch(/ann|lee|example\.com/)
  }
  expect(h.logLines.join('')).not.toMatch(/ann\.lee|\/mail\/confirm\/ma_/)
})

test('a link that is cut off, altered, of another use or of another address does nothing', async () => {
  const { h, mail, add, list } = await startWithMail()
  await add(ANN)
  await add('bob@example.com')
  const [ann = '', bob = ''] = mail.arrived.map(linkIn)
  const secretOf = (link: string) => link.split('.').at(-1) ?? ''
  const wrong = [
    ann.slice(0, -1),
    `${ann.slice(0, -1)}${ann.endsWith('A') ? 'B' : 'A'}`,
    ann.replace('/confirm/', '/unsubscribe/'),
    ann.replace(secretOf(ann), secretOf(bob)),
    ann.replace(/ma_[0-9a-f]{16}/, 'ma_0000000000000000'),
    '/mail/confirm/x',
    '/mail/confirm/%00',
    `/mail/confirm/${'a'.repeat(3_000)}`,
  ]
  for (const path of wrong) {
    for (const { status } of [await press(h, path), await createBrowser(h).get(path)]) {
      expect([404, 410, 414], path).toContain(status)
    }
  }
  expect(await list()).toMatchObject([{ state: 'unconfirmed' }, { state: 'unconfirmed' }])
})

test('a link ends after three days, and the address with it', async () => {
  const { h, mail, add, signOn } = await startWithMail()
  await add(ANN)
  const link = linkIn(mail.arrived[0])
  h.clock.advance(3 * DAY - 1)
  expect((await createBrowser(h).get(link)).status).toBe(200)
  h.clock.advance(1)
  expect((await press(h, link)).status).toBe(410)
  h.clock.advance(DAY)
  const person = await signOn()
  expect((await person('GET', '/mail-addresses')).body.addresses).toEqual([])
  expect((await person('POST', '/mail-addresses', { body: { address: 'bob@example.com' } })).status).toBe(201)
  expect(await rowsOf(h)).toHaveLength(1)
})

test('another link makes the one before it void', async () => {
  const { h, mail, person, add } = await startWithMail()
  const { id } = (await add(ANN)).body
  expect((await person('POST', `/mail-addresses/${id}/retry`)).body).toEqual({ link_sent: true })
  const [first = '', second = ''] = mail.arrived.map(linkIn)
  expect(mail.arrived[0]?.mail.messageId).not.toBe(mail.arrived[1]?.mail.messageId)
  expect((await press(h, first)).status).toBe(410)
  expect((await press(h, second)).status).toBe(200)
})

test('nobody is asked more than three times a day, however the address is written and by whichever add-on', async () => {
  const { h, mail, person, add, signOn, another } = await startWithMail()
  const { id } = (await add('ann.lee@example.com')).body
  expect((await person('POST', `/mail-addresses/${id}/retry`)).status).toBe(200)
  await person('DELETE', `/mail-addresses/${id}`)
  const { addon: other, person: eve } = await another()
  expect((await eve('POST', '/mail-addresses', { body: { address: 'AnnLee+1@example.com' } })).status).toBe(
    201,
  )
  const fourth = await eve('POST', '/mail-addresses', { body: { address: 'a.n.n.lee@example.com' } })
  expect([fourth.status, fourth.body.detail]).toEqual([409, expect.stringContaining('Try again tomorrow')])
  expect(mail.arrived).toHaveLength(3)
  // The add-on being removed makes nobody forget.
  await deprovision(h.deps, { resourceId: other.id })
  expect((await add('ann.lee@example.com')).status).toBe(409)
  h.clock.advance(DAY - MINUTE)
  const later = await signOn()
  const again = async () => (await later('POST', '/mail-addresses', { body: { address: ANN } })).status
  expect(await again()).toBe(409)
  h.clock.advance(MINUTE)
  expect(await again()).toBe(201)
})

test('two add-ons that ask the same mailbox at the same time come to no more than three', async () => {
  const { mail, add, another } = await startWithMail()
  const { person: eve } = await another()
  const spellings = ['a.nn', 'an.n', 'ann+1', 'ann+2', 'ANN'].map((local) => `${local}@example.com`)
  const answers = await Promise.all(
    spellings.flatMap((address) => [add(address), eve('POST', '/mail-addresses', { body: { address } })]),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
  expect(mail.arrived).toHaveLength(3)
})

test('an add-on has ten addresses at the most and asks ten times a day, and no address is taken twice', async () => {
  const { h, mail, person, add, signOn } = await startWithMail()
  for (let number = 1; number <= 10; number += 1) {
    expect((await add(`reader${number}@example.com`)).status).toBe(201)
  }
  expect((await add('READER1@example.com')).body.detail).toContain('already')
  expect((await add('reader11@example.com')).body.detail).toContain('10 mail addresses at the most')
  const [{ id } = {}] = (await person('GET', '/mail-addresses')).body.addresses as { id: string }[]
  await person('DELETE', `/mail-addresses/${id}`)
  expect((await add('reader11@example.com')).body.detail).toContain('as many links as a day allows')
  expect(mail.arrived).toHaveLength(10)
  h.clock.advance(DAY)
  const later = await signOn()
  expect((await later('POST', '/mail-addresses', { body: { address: 'reader11@example.com' } })).status).toBe(
    201,
  )
})

test('addresses are a named person’s to change, and what is no address is refused with a sentence', async () => {
  const { h, mail, person, add } = await startWithMail()
  for (const scopes of [['read'], ['read', 'rotate', 'revoke', 'keyring']] as const) {
    const program = await h.callerWith(...scopes)
    expect((await program('POST', '/mail-addresses', { body: { address: ANN } })).status).toBe(403)
    expect((await program('DELETE', '/mail-addresses/ma_0000000000000000')).status).toBe(403)
    expect((await program('POST', '/mail-addresses/ma_0000000000000000/retry')).status).toBe(403)
  }
  for (const address of ['ann', 'a@example.com, b@example.com', 'a@example.com\r\nBcc: b@example.com', '']) {
    expect((await add(address)).body).toMatchObject({
      status: 422,
      detail: expect.stringContaining('one mail address'),
    })
  }
  for (const id of ['ma_0000000000000000', 'x']) {
    expect((await person('DELETE', `/mail-addresses/${id}`)).status).toBe(404)
    expect((await person('POST', `/mail-addresses/${id}/retry`)).status).toBe(404)
  }
  expect(mail.arrived).toEqual([])
})

test('an address of another add-on is none of ours', async () => {
  const { add, list, another } = await startWithMail()
  const { id } = (await add(ANN)).body
  const { person: eve } = await another()
  expect((await eve('DELETE', `/mail-addresses/${id}`)).status).toBe(404)
  expect((await eve('POST', `/mail-addresses/${id}/retry`)).status).toBe(404)
  expect(await list()).toHaveLength(1)
})

test('an address that the mail server refuses, or a server that is down, is said in the answer', async () => {
  const mail = await startMailServer()
  const h = await startApi({ env: { SMTP_URL: mail.url, MAIL_FROM } })
  const person = h.caller((await signedOnByCommandLine(h)).token)
  const add = async (address: string) => await person('POST', '/mail-addresses', { body: { address } })
  const list = async () => (await person('GET', '/mail-addresses')).body.addresses
  mail.answerTo(ANN, { code: 550, text: '5.1.1 no such user' })
  const { id, link_sent } = (await add(ANN)).body
  expect(link_sent).toBe(false)
  const because = 'the mail server refuses this address (550 5.1.1)'
  expect(await list()).toMatchObject([{ state: 'unconfirmed', trouble: because }])
  mail.answerTo(ANN, undefined)
  expect((await person('POST', `/mail-addresses/${id}/retry`)).body).toEqual({ link_sent: true })
  expect(await list()).toMatchObject([{ state: 'unconfirmed', trouble: null }])
  await mail.close()
  expect((await add('bob@example.com')).body).toMatchObject({ state: 'unconfirmed', link_sent: false })
  expect(h.logLines.join('')).toContain('link for a mail address not sent')
})

test('without a mail server no address is taken, and the API says that mail is off', async () => {
  const h = await startApi()
  const person = h.caller((await signedOnByCommandLine(h)).token)
  const { status, body } = await person('POST', '/mail-addresses', { body: { address: ANN } })
  expect([status, body.type]).toEqual([409, 'urn:securekey:problem:mail-off'])
  expect((await person('GET', '/mail-addresses')).body).toMatchObject({ mail_is_sent: false, addresses: [] })
})

test('the addresses go with the add-on, and their links lead nowhere', async () => {
  const { h, mail, add } = await startWithMail()
  await add(ANN)
  await deprovision(h.deps, { resourceId: h.addon.id })
  expect(await rowsOf(h)).toEqual([])
  expect((await press(h, linkIn(mail.arrived[0]))).status).toBe(410)
})
