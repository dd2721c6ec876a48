import { describe, expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { ANN } from '../api/support/token.ts'
import { tell } from '../notices/support/tell.ts'
import { startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { MINUTE, SECOND } from '../support/harness.ts'
import { MAIL_FROM, startMailServer } from '../support/mail-server.ts'
import {
  browserFound,
  expectAccessible,
  expectNoSidewaysScroll,
  openFromHeroku,
  screenshot,
  useChromium,
  type View,
} from './support/chromium.ts'

async function startWithMail() {
  const mail = await startMailServer()
  return { mail, h: await startWithAddon({ env: { SMTP_URL: mail.url, MAIL_FROM } }) }
}

/** The path of the link that was mailed last. */
const linkIn = (text = '') => new URL(/http\S+\/mail\/confirm\/\S+/.exec(text)?.[0] ?? '').pathname

test('each consequence is said before its button, and what is wrong with an address beside the field', async () => {
  const { h, mail } = await startWithMail()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  const page = `${ann.base}/notices/mail`
  const post = async (path: string, form: Record<string, string>) =>
    await ann.post(`${page}${path}`, { form_token: await ann.token(), ...form })
  const before = (text: string, ...words: string[]) => {
    const places = words.map((each) => text.indexOf(each))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
  }
  before((await ann.get(page)).text, 'From then on all notices go there', '>Send the link<')
  const wrong = await post('', { address: '<b>ann</b>' })
  expect([wrong.status, wrong.text.includes('value="&lt;b&gt;ann&lt;/b&gt;"')]).toEqual([422, true])
  before(wrong.text, 'id="mail-error">Give one mail address', 'id="mail-address"')
  expect((await post('', { address: 'reader@example.net' })).location).toBe(page)
  const { text } = await ann.get(page)
  const id = /name="id" value="(ma_\w+)"/.exec(text)?.[1] ?? ''
  before(
    text,
    'An address that you remove is forgotten',
    'Another link makes the one before it void',
    '>Send another link',
    '>Remove',
  )
  expect((await post('/retry', { id })).status).toBe(303)
  expect(mail.arrived).toHaveLength(2)
  expect((await post('', { address: 'reader@example.net' })).text).toContain('or it waits to be confirmed')
  // Without the token of the form, or without a name, nothing changes.
  expect((await ann.post(`${page}/remove`, { form_token: 'x', id })).status).toBe(403)
  h.clock.advance(SECOND)
  const nobody = await signedIn(h, { addon: h.addon.name, tamper: { user_scoped_resource_token: null } })
  expect((await nobody.get(page)).text).not.toMatch(/Send the link|>Remove</)
  for (const path of ['', '/retry', '/remove']) {
    const form = { form_token: await nobody.token(), address: 'eve@example.net', id }
    expect((await nobody.post(`${nobody.base}/notices/mail${path}`, form)).status).toBe(403)
  }
  expect((await post('/remove', { id })).status).toBe(303)
  expect((await ann.get(page)).text).toContain('There are none.')
})

test('where no mail is sent the pages say so, and offer no form', async () => {
  const h = await startWithAddon()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  expect((await ann.get(`${ann.base}/notices`)).text).toContain('This service sends no mail')
  const { text } = await ann.get(`${ann.base}/notices/mail`)
  expect(text).toContain('This service sends no mail')
  expect(text).not.toContain('Send the link')
  const form = { form_token: await ann.token(), address: 'ann@example.com' }
  const posted = await ann.post(`${ann.base}/notices/mail`, form)
  expect([posted.status, posted.text.includes('This service sends no mail.')]).toEqual([422, true])
})

describe.skipIf(!browserFound)('in a real browser', () => {
  const chromium = useChromium()

  test.each<View>([
    { width: 1280, scheme: 'light', javaScript: false },
    { width: 390, scheme: 'dark' },
  ])(
    'a person adds an address, its reader confirms it and reads what happened: $width px, $scheme',
    async (view) => {
      const { h, mail } = await startWithMail()
      const { page } = await chromium.open(view)
      const look = async (name: string) => {
        await expectNoSidewaysScroll(page)
        if (view.javaScript !== false) await expectAccessible(page)
        await screenshot(page, `${name}-${view.width}-${view.scheme}`)
      }
      await openFromHeroku(page, h, h.addon.name)
      await page.getByRole('link', { name: 'Notices' }).click()
      await page.getByRole('link', { name: 'Add or remove addresses' }).click()
      await page.getByLabel('Mail address').fill('a.very.long.reader.of.many.notices@department.example.net')
      await page.getByRole('button', { name: 'Send the link' }).click()
      await page.getByText('unconfirmed').waitFor()
      await look('mail-unconfirmed')
      const address = page.url()
      await page.goto(`${h.url}${linkIn(mail.arrived[0]?.mail.text)}`)
      await look('mail-link')
      await page.getByRole('button', { name: 'Confirm the address' }).click()
      await page.getByRole('heading', { name: 'The address is confirmed' }).waitFor()
      mail.answerTo('ann@example.com', { code: 550, text: 'no' })
      await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN })
      await tell(h)
      h.clock.advance(MINUTE)
      await tell(h)
      // The revoke has ended the session.
      await page.goto('about:blank')
      await openFromHeroku(page, h, h.addon.name)
      await page.goto(address)
      await page.getByText('Confirmed by its reader').waitFor()
      await page.getByText('The mail server refuses the address of one person').waitFor()
      await look('mail-confirmed')
      // Two letters as a mail program shows them.
      for (const [name, number] of [
        ['letter-link', 0],
        ['letter-revoked', 1],
      ] as const) {
        // Without the policy of the page before, which lets no style stand in a page.
        await page.goto('about:blank')
        await page.setContent(String(mail.arrived[number]?.mail.html))
        await page.getByRole('heading', { name: h.addon.name }).waitFor()
        await look(name)
      }
    },
  )
})
