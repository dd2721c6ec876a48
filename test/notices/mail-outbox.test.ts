import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { readMailReaders } from '../../src/flows/notices/mail/addresses.ts'
import { retryMailAddress } from '../../src/flows/notices/mail/ask-address.ts'
import { createMailChannel } from '../../src/flows/notices/mail/mail-channel.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { insertCursor, listCursors } from '../../src/store/notice-cursors.ts'
import { ANN } from '../api/support/token.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { allRows } from '../support/all-rows.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { addedAddress, confirmedAddress } from '../support/mail-addresses.ts'
import { type Arrived, MAIL_FROM, type MailServerForTests, startMailServer } from '../support/mail-server.ts'
import { tell } from './support/tell.ts'

const READER = 'Reader@example.net'

/** The add-on with a mail server. On its app work Ann and whoever made it. */
async function startWithMail(): Promise<{ h: HarnessWithAddon; mail: MailServerForTests }> {
  const mail = await startMailServer()
  const h = await startWithAddon({
    env: { SMTP_URL: mail.url, MAIL_FROM, ADDON_URL: 'http://127.0.0.1:5000' },
  })
  return { h, mail }
}

const about = (h: HarnessWithAddon) => ({ resourceId: h.addon.id, actor: ANN })
const rotate = async (h: HarnessWithAddon) => {
  await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true })
  await tell(h)
}
/** A revoke, and its push, behind which Heroku is asked for the collaborators. */
const revoke = async (h: HarnessWithAddon) => {
  await revokeKeys(h.deps, about(h))
  await tell(h)
  h.clock.advance(MINUTE)
  await tell(h)
}
/** Something that is told of, is not severe, and restarts nothing. */
const changePolicy = async (h: HarnessWithAddon, times: number) => {
  for (let time = 0; time < times; time += 1) {
    await setGracePeriod(h.deps, { ...about(h), grace: { until: 'elapsed', ms: (2 + (time % 3)) * HOUR } })
    await tell(h)
  }
}
const subjects = (h: HarnessWithAddon, arrived: readonly Arrived[]) =>
  arrived.map(({ mail }) => mail.subject?.replace(`${h.addon.name}: `, ''))
const to = (arrived: readonly Arrived[], address: string) =>
  arrived.filter((each) => each.to.includes(address))
const cursorOf = async (h: HarnessWithAddon, id: string) =>
  (await listCursors(h.deps.db, h.addon.id, 'mail')).find(({ target }) => target.id === id)?.cursor
const unsubscribePath = ({ raw }: Arrived) =>
  new URL(/^List-Unsubscribe: <([^>]+)>/m.exec(raw.replaceAll(/\r\n\s+/g, ' '))?.[1] ?? '').pathname

test('a confirmed address is told what happens from then on, until one press in a mail program ends it', async () => {
  const { h, mail } = await startWithMail()
  await rotate(h)
  await addedAddress(h, 'unconfirmed@example.net')
  await confirmedAddress(h, READER)
  await tell(h)
  expect(mail.arrived).toEqual([])
  await rotate(h)
  expect(mail.arrived.map((each) => each.to)).toEqual([[READER]])
  const [first] = mail.arrived
  if (!first) throw new Error('no mail has arrived')
  expect(subjects(h, [first])).toEqual(['the key was rotated'])
  expect(first.mail.text).toContain(`${h.addon.name} was rotated to key`)
  const path = unsubscribePath(first)
  expect((await fetch(`${h.url}${path}`)).status).toBe(200)
  const form = new FormData()
  form.set('List-Unsubscribe', 'One-Click')
  const pressed = await fetch(`${h.url}${path}`, { method: 'POST', body: form })
  expect([pressed.status, await pressed.text()]).toEqual([
    200,
    expect.stringContaining('The mails have ended'),
  ])
  const again = await fetch(`${h.url}${path}`, {
    method: 'POST',
    body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
  })
  expect(again.status).toBe(410)
  await rotate(h)
  expect(mail.arrived).toHaveLength(1)
  expect(await listCursors(h.deps.db, h.addon.id, 'mail')).toMatchObject([
    { target: { id: 'collaborators' } },
  ])
})

test('more than three notices in an hour come in one mail, and a severe one at once', async () => {
  const { h, mail } = await startWithMail()
  await confirmedAddress(h, READER)
  await changePolicy(h, 5)
  expect(subjects(h, mail.arrived)).toEqual(Array(3).fill('the settings were changed'))
  h.clock.advance(59 * MINUTE)
  await changePolicy(h, 2)
  expect(mail.arrived).toHaveLength(3)
  h.clock.advance(MINUTE)
  await tell(h)
  expect(subjects(h, mail.arrived.slice(3))).toEqual(['the settings were changed, and 3 more'])
  await changePolicy(h, 1)
  expect(mail.arrived).toHaveLength(4)
  await revokeKeys(h.deps, about(h))
  await tell(h)
  const [letter] = to(mail.arrived.slice(4), READER)
  expect(letter?.mail.text).toMatch(/The settings were changed[\s\S]*The keys were revoked/)
})

test('Heroku’s collaborators are told of what is severe and of nothing else, and their addresses stand nowhere', async () => {
  const { h, mail } = await startWithMail()
  await h.heroku.customer.addCollaborator('service-1', { email: 'team@herokumanager.com' })
  await h.heroku.customer.addCollaborator('service-1', { email: 'carl@example.org' })
  // Ann has confirmed an address, and gets no second mail for being a collaborator.
  await confirmedAddress(h, 'ann@example.com')
  await rotate(h)
  expect(mail.arrived.map((each) => each.to)).toEqual([['ann@example.com']])
  h.clock.advance(DAY)
  await revoke(h)
  const readers = mail.arrived.slice(1).map((each) => each.to.join())
  expect(readers).toContain('carl@example.org')
  expect(readers.filter((reader) => reader === 'ann@example.com').length).toBeGreaterThan(0)
  expect(readers).not.toContain('team@herokumanager.com')
  const [carls, ...more] = to(mail.arrived, 'carl@example.org')
  expect([carls?.mail.subject, more]).toEqual([`${h.addon.name}: the keys were revoked`, []])
  expect(carls?.raw).not.toMatch(/^List-Unsubscribe/m)
  expect(JSON.stringify(await allRows(h.deps.db))).not.toContain('carl')
  const { collaborators } = await readMailReaders(h.deps, h.addon.id)
  expect(collaborators).toEqual({ toldAt: h.clock.now(), reached: new Set(readers).size - 1, unreached: 0 })
  // Whoever has confirmed an address has every notice once.
  expect(to(mail.arrived, 'ann@example.com').map(({ mail: { messageId } }) => messageId)).toHaveLength(
    new Set(to(mail.arrived, 'ann@example.com').map(({ mail: { messageId } }) => messageId)).size,
  )
})

test('where a mail to one collaborator fails, the others get no second one while it is tried again', async () => {
  const { h, mail } = await startWithMail()
  await h.heroku.customer.addCollaborator('service-1', { email: 'carl@example.org' })
  await h.heroku.customer.addCollaborator('service-1', { email: 'gone@example.org' })
  mail.answerTo('carl@example.org', { code: 451, text: 'try later' })
  mail.answerTo('gone@example.org', { code: 550, text: '5.1.1 no such user' })
  await revoke(h)
  expect(to(mail.arrived, 'ann@example.com')).toHaveLength(1)
  expect(await cursorOf(h, 'collaborators')).toMatchObject({
    attempts: 1,
    lastFailure: 'the mail server asks to try later (451)',
  })
  h.clock.advance(HOUR)
  await tell(h)
  mail.answerTo('carl@example.org', undefined)
  h.clock.advance(HOUR)
  await tell(h)
  expect(to(mail.arrived, 'ann@example.com')).toHaveLength(1)
  expect(to(mail.arrived, 'carl@example.org')).toHaveLength(1)
  expect(await cursorOf(h, 'collaborators')).toMatchObject({ attempts: 0, givenUp: null })
  expect((await readMailReaders(h.deps, h.addon.id)).collaborators).toMatchObject({ unreached: 1 })
})

test('a list of collaborators that Heroku does not show is said, and stops nothing', async () => {
  const { h, mail } = await startWithMail()
  h.heroku.faults.add({ match: { method: 'GET', path: '/collaborators' }, kind: 'status', status: 403 })
  await revoke(h)
  expect(mail.arrived).toEqual([])
  expect(await cursorOf(h, 'collaborators')).toMatchObject({
    lastFailure: 'Heroku shows us nobody who works on the app',
    givenUp: { at: h.clock.now() },
  })
})

test('a mail server that is down for two days loses nothing, and the mails come in order when it is back', async () => {
  const { h, mail } = await startWithMail()
  const { id } = await confirmedAddress(h, READER)
  await mail.close()
  await rotate(h)
  for (let hours = 0; hours < 48; hours += 2) {
    if (hours === 24) await changePolicy(h, 1)
    h.clock.advance(2 * HOUR)
    await tell(h)
  }
  expect(await cursorOf(h, id)).toMatchObject({
    lastFailure: 'the mail server cannot be reached',
    givenUp: null,
  })
  const back = await startMailServer({ port: mail.port })
  for (let tries = 0; tries < 3; tries += 1) {
    h.clock.advance(HOUR)
    await tell(h)
  }
  expect(back.arrived.map(({ mail: { text = '' } }) => text)).toEqual([
    expect.stringContaining('was rotated'),
    expect.stringContaining('grace period'),
    ...Array(back.arrived.length - 2).fill(expect.any(String)),
  ])
  expect(await cursorOf(h, id)).toMatchObject({ attempts: 0, lastFailure: null })
})

test('an address that is refused for good is left alone until a person acts', async () => {
  const { h, mail } = await startWithMail()
  const { id } = await confirmedAddress(h, READER)
  mail.answerTo(READER, { code: 550, text: '5.1.1 no such user' })
  await rotate(h)
  const because = 'the mail server refuses this address (550 5.1.1)'
  expect((await readMailReaders(h.deps, h.addon.id)).addresses).toMatchObject([
    { failed: { words: because } },
  ])
  expect(await cursorOf(h, id)).toMatchObject({ lastFailure: because, givenUp: { at: h.clock.now() } })
  mail.answerTo(READER, undefined)
  h.clock.advance(DAY)
  await changePolicy(h, 1)
  expect(mail.arrived).toEqual([])
  const [session] = await h.deps.db.selectFrom('sessions').select('id_digest').execute()
  const request = { ...about(h), session: session?.id_digest ?? Buffer.alloc(32), id }
  expect(await retryMailAddress(h.deps, request)).toEqual({ outcome: 'tried-again' })
  await changePolicy(h, 2)
  expect(subjects(h, mail.arrived)[0]).toBe('the settings were changed')
})

test('a mail that was sent before it could be written down comes again under the same Message-ID', async () => {
  const { h, mail } = await startWithMail()
  const { id } = await confirmedAddress(h, READER)
  const channel = createMailChannel(h.deps)
  const target = { resourceId: h.addon.id, channel: 'mail', id } as const
  const notice = {
    id: 'x_1',
    kind: 'rotation-done',
    at: h.clock.now(),
    seq: 1,
    text: 'x',
    facts: {},
  } as const
  const signal = new AbortController().signal
  for (let times = 0; times < 2; times += 1) {
    expect(await channel.deliver(target, [notice], signal)).toEqual({ told: 1 })
  }
  expect(new Set(mail.arrived.map(({ mail: { messageId } }) => messageId)).size).toBe(1)
  expect(mail.arrived).toHaveLength(2)
})

test('whoever writes the database alone has no notices mailed to anybody', async () => {
  const { h, mail } = await startWithMail()
  const { id } = await addedAddress(h, READER)
  const { id: other } = await confirmedAddress(h, 'other@example.net')
  const { db } = h.deps
  const confirmed = { confirm_until: null, confirmed_at: h.clock.now() }
  await db.updateTable('mail_addresses').set(confirmed).where('id', '=', id).execute()
  await db
    .transaction()
    .execute((trx) => insertCursor(trx, { resourceId: h.addon.id, channel: 'mail', id, lane: 'smtp' }))
  // The sealed value of a confirmed address in the row of another.
  const row = await db
    .selectFrom('mail_addresses')
    .selectAll()
    .where('id', '=', other)
    .executeTakeFirstOrThrow()
  const copy = { ...row, id: 'ma_00000000000000aa', mailed: JSON.stringify([]) }
  await db.insertInto('mail_addresses').values(copy).execute()
  await db
    .transaction()
    .execute((trx) =>
      insertCursor(trx, { resourceId: h.addon.id, channel: 'mail', id: copy.id, lane: 'smtp' }),
    )
  await rotate(h)
  expect(mail.arrived.map((each) => each.to)).toEqual([['other@example.net']])
})

test('a link outlives a new data key, and nothing is mailed once the add-on is gone', async () => {
  const { h, mail } = await startWithMail()
  const { id } = await confirmedAddress(h, READER)
  await rotate(h)
  const path = unsubscribePath(mail.arrived[0] as Arrived)
  await revokeKeys(h.deps, about(h))
  expect((await fetch(`${h.url}${path}`)).status).toBe(200)
  expect((await readMailReaders(h.deps, h.addon.id)).addresses).toMatchObject([
    { id, address: 'Reader@example.net' },
  ])
  await deprovision(h.deps, { resourceId: h.addon.id })
  await tell(h)
  expect(mail.arrived).toHaveLength(1)
  for (const table of ['mail_addresses', 'collaborator_mails', 'notice_cursors'] as const) {
    expect(await h.deps.db.selectFrom(table).selectAll().execute(), table).toEqual([])
  }
  expect((await fetch(`${h.url}${path}`, { method: 'POST' })).status).toBe(410)
})

test('a collaborator whose mailbox is full keeps no later severe notice from the others', async () => {
  const { h, mail } = await startWithMail()
  await h.heroku.customer.addCollaborator('service-1', { email: 'full@example.org' })
  mail.answerTo('full@example.org', { code: 452, text: '4.2.2 mailbox full' })
  await revoke(h)
  const revokes = () =>
    to(mail.arrived, 'ann@example.com').flatMap(
      ({ mail: { text = '' } }) => text.match(/The keys were revoked/g) ?? [],
    )
  expect(revokes()).toHaveLength(1)
  h.clock.advance(3 * HOUR)
  await revoke(h)
  expect(revokes()).toHaveLength(2)
  // Whoever has the first is not told of it again, and whoever has none is told of both.
  mail.answerTo('full@example.org', undefined)
  for (let tries = 0; tries < 2; tries += 1) {
    h.clock.advance(HOUR)
    await tell(h)
  }
  expect(revokes()).toHaveLength(2)
  expect(to(mail.arrived, 'full@example.org').map(({ mail: { text = '' } }) => text)).toEqual([
    expect.stringMatching(/The keys were revoked[\s\S]*The keys were revoked/),
  ])
  expect(await cursorOf(h, 'collaborators')).toMatchObject({ attempts: 0, givenUp: null })
})

test('a collaborator who was refused once counts as reached as soon as a later letter is taken', async () => {
  const { h, mail } = await startWithMail()
  await h.heroku.customer.addCollaborator('service-1', { email: 'full@example.org' })
  await h.heroku.customer.addCollaborator('service-1', { email: 'moved@example.org' })
  mail.answerTo('full@example.org', { code: 452, text: '4.2.2 mailbox full' })
  mail.answerTo('moved@example.org', { code: 550, text: '5.1.1 nobody here' })
  await revoke(h)
  mail.answerTo('moved@example.org', undefined)
  h.clock.advance(3 * HOUR)
  await revoke(h)
  mail.answerTo('full@example.org', undefined)
  for (let tries = 0; tries < 2; tries += 1) {
    h.clock.advance(HOUR)
    await tell(h)
  }
  expect(to(mail.arrived, 'moved@example.org')).toHaveLength(1)
  expect((await readMailReaders(h.deps, h.addon.id)).collaborators).toMatchObject({
    toldAt: expect.any(Date),
    unreached: 0,
  })
})

test('where twenty severe notices wait for one collaborator alone, they are left to the others, and it is said', async () => {
  const { h, mail } = await startWithMail()
  await h.heroku.customer.addCollaborator('service-1', { email: 'full@example.org' })
  mail.answerTo('full@example.org', { code: 452, text: '4.2.2 mailbox full' })
  const notices = Array.from(
    { length: 20 },
    (_, place) =>
      ({
        id: `x_${place}`,
        kind: 'keys-revoked',
        at: h.clock.now(),
        seq: place,
        text: 'x',
        facts: {},
      }) as const,
  )
  const target = { resourceId: h.addon.id, channel: 'mail', id: 'collaborators' } as const
  const deliver = (some: typeof notices) =>
    createMailChannel(h.deps).deliver(target, some, new AbortController().signal)
  // Behind the calls that gave the add-on its first keys.
  h.clock.advance(MINUTE)
  expect(await deliver(notices.slice(0, 19))).toMatchObject({ told: 0, failure: { lasting: false } })
  expect(await deliver(notices)).toEqual({ told: 20 })
  expect(subjects(h, to(mail.arrived, 'ann@example.com'))).toEqual([
    'the keys were revoked, and 18 more',
    'the keys were revoked',
  ])
  expect((await readMailReaders(h.deps, h.addon.id)).collaborators).toMatchObject({
    reached: 2,
    unreached: 1,
  })
})
