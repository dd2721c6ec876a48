import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { MANY } from '../../src/domain/usual-access.ts'
import { startWithAddon } from '../support/addon.ts'
import { createBrowser, formTokenIn, signedIn } from '../support/browser.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'

type Started = Awaited<ReturnType<typeof startWithAddon>>

const from = (address: string) => ({ 'x-forwarded-for': address })
const HOME = from('203.0.113.9')
const CAFE = from('198.51.100.7')

/** Ann has seen a key, from home; Bob has not. */
async function startWithTwo() {
  const h = await startWithAddon()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  const bob = await signedIn(h, { addon: h.addon.name, userId: 'bob', email: 'bob@example.com' })
  const reveal = async (who: typeof ann, headers: Record<string, string>) => {
    const form = { form_token: await who.token(), version: '2' }
    const { status } = await who.post(`${who.base}/reveal`, form, headers)
    expect(status).toBe(200)
  }
  await reveal(ann, HOME)
  return { ...h, ann, bob, reveal }
}
const unusualOf = async (h: Started) =>
  (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'unusual-access')
const words = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (?=[,:.])/g, '')

describe('the page of access', () => {
  test('says who saw keys and used tokens, from where, since when, and what is unusual', async () => {
    const h = await startWithTwo()
    const { status, text } = await h.ann.get(`${h.ann.base}/access`)
    expect(status).toBe(200)
    expect(words(text)).toContain('Nothing unusual in the last 90 days.')
    expect(words(text)).toMatch(/ann@example\.com Since 3 Mar, 12:00 UTC,.* From 203\.0\.113\.0\/24 since/)
    expect(text).not.toContain('That was us')
    expect(words(text)).toMatch(/Whoever is the first of all is not told of.*ten times within an hour/)
  })

  test('and the first one tell what was unusual until somebody says that it was one of them', async () => {
    const h = await startWithTwo()
    await h.reveal(h.bob, CAFE)
    const why = 'bob@example.com saw a key for the first time, from 198.51.100.0/24.'
    const { text: first } = await h.ann.get(h.ann.base)
    expect(words(first)).toContain(`from 198.51.100.7 · ${why} Key shown`)
    expect(words(first)).toContain(`Unusual access, 3 Mar, 12:00 UTC: ${why} Was it one of you?`)
    const { text } = await h.ann.get(`${h.ann.base}/access`)
    expect(words(text)).toMatch(/not one of you: revoke the keys.*Nothing else changes\. That was us/)
    const [, until = ''] = /name="until" value="([^"]+)"/.exec(text) ?? []
    const answer = await h.ann.post(`${h.ann.base}/access/known`, { form_token: formTokenIn(text), until })
    expect(answer).toMatchObject({ status: 303, location: `${h.ann.base}/access` })
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'unusual-access-known',
      actor: { email: 'ann@example.com' },
    })
    expect((await h.ann.get(h.ann.base)).text).not.toContain('Unusual access,')
    const { text: after } = await h.ann.get(`${h.ann.base}/access`)
    expect(words(after)).toContain(`${why} 3 Mar, 12:00 UTC, marked as known 3 Mar, 12:00 UTC`)
    expect(after).not.toContain('That was us')
  })

  test('takes the form of this session alone, with the moment that it showed', async () => {
    const h = await startWithTwo()
    await h.reveal(h.bob, CAFE)
    const path = `${h.ann.base}/access/known`
    const until = h.clock.now().toISOString()
    const statusOf = async (form: Record<string, string>) => (await h.ann.post(path, form)).status
    expect(await statusOf({ form_token: await h.bob.token(), until })).toBe(403)
    for (const wrong of ['', 'x', '2026-99-99T00:00:00.000Z', '9'.repeat(24)]) {
      expect(await statusOf({ form_token: await h.ann.token(), until: wrong })).toBe(303)
    }
    expect((await h.ann.get(h.ann.base)).text).toContain('Unusual access,')
  })

  test('leaves the first page alone after seven days', async () => {
    const h = await startWithTwo()
    await h.reveal(h.bob, CAFE)
    h.clock.advance(7 * DAY)
    const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
    expect((await ann.get(ann.base)).text).not.toContain('Unusual access,')
    expect((await ann.get(`${ann.base}/access`)).text).toContain('bob@example.com saw a key')
  })
})

describe('refused sign-ons', () => {
  const wrong = (h: Started, id = h.addon.id) => ({
    ...h.heroku.customer.ssoForm({ addon: h.addon.name }).fields,
    resource_id: id,
  })
  const learned = async ({ deps }: Started) => {
    const { rows } = await sql<{ count: number }>`
      select (select count(*) from access_subjects) + (select count(*) from access_networks)
           + (select count(*) from unusual_accesses) as count`.execute(deps.db)
    return Number(rows[0]?.count)
  }
  const send = (h: Started, fields: Record<string, string>, address = '192.0.2.1') =>
    createBrowser(h).post('/sso/login', fields, from(address))
  const tampered = (h: Started) => ({ ...wrong(h), email: 'eve@example.com' })

  test('are told once when there are ten within an hour, and a flood of them writes nothing more for a day', async () => {
    const h = await startWithAddon()
    for (let sent = 1; sent < MANY; sent += 1) await send(h, tampered(h))
    expect(await unusualOf(h)).toEqual([])
    await send(h, tampered(h))
    expect(await unusualOf(h)).toMatchObject([
      {
        actor: { type: 'person', userId: null, verified: false, address: '192.0.2.1' },
        details: { because: 'sign-ons-refused', count: MANY, from: '192.0.2.0/24' },
      },
    ])
    const rows = await sql`select xmin from access_subjects`.execute(h.deps.db)
    await Promise.all(Array.from({ length: 40 }, (_, n) => send(h, tampered(h), `192.0.3.${n}`)))
    expect(await unusualOf(h)).toHaveLength(1)
    expect((await sql`select xmin from access_subjects`.execute(h.deps.db)).rows).toEqual(rows.rows)
    expect(await learned(h)).toBe(2)
    h.clock.advance(DAY)
    for (let sent = 0; sent < MANY; sent += 1) await send(h, tampered(h))
    expect(await unusualOf(h)).toHaveLength(2)
  })

  test('that come all at once are told once', async () => {
    const h = await startWithAddon()
    await Promise.all(Array.from({ length: 3 * MANY }, (_, n) => send(h, tampered(h), `192.0.3.${n}`)))
    expect(await unusualOf(h)).toHaveLength(1)
  })

  test('that are spread over more than an hour are not told', async () => {
    const h = await startWithAddon()
    for (let sent = 0; sent < 3 * MANY; sent += 1) {
      await send(h, tampered(h))
      h.clock.advance(7 * MINUTE)
    }
    expect(await unusualOf(h)).toEqual([])
  })

  test('leave nothing behind when they name no live add-on', async () => {
    const h = await startWithAddon()
    for (const id of ['01234567-89ab-4cde-8f01-000000000099', 'x', '', `${h.addon.id}'`]) {
      for (let sent = 0; sent < MANY; sent += 1) {
        expect((await send(h, wrong(h, id))).status).toBe(403)
      }
    }
    expect(await learned(h)).toBe(0)
  })
})
