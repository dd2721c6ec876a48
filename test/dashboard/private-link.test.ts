import { describe, expect, test } from 'vitest'
import { createPrivateLink } from '../../src/flows/private-link/create-link.ts'
import { ANN, tokenOf } from '../api/support/token.ts'
import { LINKS_ON, SERVICE_NAME, setLink } from '../http/support/private-link.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { type Answer, signedIn } from '../support/browser.ts'
import { kindsOf } from '../support/resource.ts'
import {
  browserFound,
  expectAccessible,
  expectNoSidewaysScroll,
  openFromHeroku,
  screenshot,
  useChromium,
  type View,
} from './support/chromium.ts'

type Signed = Awaited<ReturnType<typeof signedIn>>
const wordsOf = ({ text }: Answer) => text.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ')
const ACCOUNT = '123456789101'
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const PATHS = ['', '/add', '/remove', '/destroy']

const start = (plan = 'private-fortnightly', env = {}) =>
  startWithAddon({ plan, env: { ...LINKS_ON, ...env } })
const signedInAsAnn = (h: HarnessWithAddon) =>
  signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
const page = (browser: Signed) => browser.get(`${browser.base}/privatelink`)
const post = async (browser: Signed, path: string, form: Record<string, string> = {}) =>
  await browser.post(`${browser.base}/privatelink${path}`, { form_token: await browser.token(), ...form })

/** Fails unless these words stand on the page before this button. */
function expectSaidBefore({ text }: Answer, said: string, button: string) {
  const [words, pressed] = [text.indexOf(said), text.indexOf(`>${button}`)]
  expect(words, said).toBeGreaterThan(0)
  expect(pressed, button).toBeGreaterThan(words)
}

test('each button says first what it does: create opens nothing, a removal and a destruction cut connections, config vars restart apps', async () => {
  const h = await start()
  const ann = await signedInAsAnn(h)
  const before = await page(ann)
  expectSaidBefore(before, 'opens nothing and restarts nothing', 'Create the private link')
  expectSaidBefore(
    before,
    'a config var with the address is set on your apps, which restarts them',
    'Create the private link',
  )
  const made = await post(ann, '', { accounts: `${ACCOUNT}, ${ACCOUNT}:user/abc\r\n${ACCOUNT}:role/x` })
  expect([made.status, made.headers.get('location')]).toEqual([303, `${ann.base}/privatelink`])
  const after = await page(ann)
  expect(wordsOf(after)).toContain('Provisioning It is being made, which takes five to ten minutes.')
  for (const arn of [ROOT, `arn:aws:iam::${ACCOUNT}:user/abc`, `arn:aws:iam::${ACCOUNT}:role/x`]) {
    expect(wordsOf(after)).toContain(`${arn} Adding`)
  }
  expectSaidBefore(after, 'connections are cut at once</strong>, and their config vars are unset', 'Remove<')
  expectSaidBefore(after, 'nothing restarts until an endpoint is connected', 'Add the accounts')
  expectSaidBefore(after, 'Every connection is cut at once', 'Destroy the private link')

  expect(wordsOf(after)).not.toContain('aws ec2 create-vpc-endpoint')
  await setLink(h, { status: 'Operational', service_name: SERVICE_NAME })
  expect(wordsOf(await page(ann))).toContain(
    `aws ec2 create-vpc-endpoint \\ --vpc-endpoint-type Interface \\ --region us-east-1 \\ --service-name ${SERVICE_NAME}`,
  )
  const endpoint = { resource_id: h.addon.id, endpoint_id: 'vpce-01c87ae3c05563935', account: ACCOUNT }
  await h.deps.db
    .insertInto('private_link_connections')
    .values({ ...endpoint, state: 'available' })
    .execute()
  await post(ann, '/add', { accounts: '111122223333' })
  await post(ann, '/remove', { accounts: ROOT })
  const words = wordsOf(await page(ann))
  for (const said of [
    `Service name ${SERVICE_NAME}`,
    'arn:aws:iam::111122223333:root Adding',
    `${ROOT} Removing`,
    `vpce-01c87ae3c05563935 Available Of ${ROOT}`,
  ]) {
    expect(words).toContain(said)
  }
  expect((await post(ann, '/destroy')).status).toBe(303)
  const going = await page(ann)
  expect(wordsOf(going)).toContain('Deprovisioning It is being taken away.')
  expect(going.text).not.toContain('Add the accounts')
  expect((await kindsOf(h.deps, h.addon.id)).slice(-4)).toEqual([
    'privatelink-created',
    'privatelink-accounts-changed',
    'privatelink-accounts-changed',
    'privatelink-destroyed',
  ])
})

test('what is wrong with the form is said beside it, and what was typed is kept and quoted', async () => {
  const ann = await signedInAsAnn(await start())
  const answer = await post(ann, '', { accounts: `${ACCOUNT}\n<b>*</b>` })
  expect(answer.status).toBe(422)
  expect(wordsOf(answer)).toContain('would let in everybody')
  expect(answer.text).toContain(`>${ACCOUNT}\n&lt;b&gt;*&lt;/b&gt;</textarea>`)
  expect(answer.text).not.toContain('<b>*</b>')
  expect((await post(ann, '', { accounts: ' ,;\n' })).status).toBe(422)
  expect((await post(ann, '/destroy')).status).toBe(422)
})

test('accounts are never cut: the beginning of a role’s name is another role', async () => {
  const h = await start()
  const ann = await signedInAsAnn(h)
  expect(/<textarea[^>]*>/.exec((await page(ann)).text)?.[0]).not.toContain('maxlength')
  const text = `${' '.repeat(7_980)}${ACCOUNT}:role/Builder`
  expect((await post(ann, '', { accounts: text })).status).toBe(303)
  expect(wordsOf(await page(ann))).toContain(`arn:aws:iam::${ACCOUNT}:role/Builder Adding`)
})

test('a link that has failed says why, and can be destroyed', async () => {
  const h = await start()
  await createPrivateLink(h.deps, { resourceId: h.addon.id, actor: ANN, accounts: [ACCOUNT] })
  await setLink(h, { status: 'Failed', failure: 'AWS took none of it.' })
  const ann = await signedInAsAnn(h)
  const failed = await page(ann)
  expect(wordsOf(failed)).toContain('Failed AWS took none of it. It cannot be used. You can destroy it')
  expect((await post(ann, '/destroy')).status).toBe(303)
})

test('only plans for a space have the page and lead to it; a service that offers none says so', async () => {
  const plain = await signedInAsAnn(await start('fortnightly'))
  expect((await plain.get(plain.base)).text).not.toContain('/privatelink')
  const none = await page(plain)
  expect([none.status, wordsOf(none)]).toEqual([404, expect.stringContaining('This plan has no PrivateLink')])
  expect((await post(plain, '', { accounts: ACCOUNT })).status).toBe(404)

  const off = await signedInAsAnn(await start('private-fortnightly', { PRIVATELINK_NLBS: '' }))
  expect((await off.get(off.base)).text).not.toContain('/privatelink')
  const said = await page(off)
  expect(wordsOf(said)).toContain('This service offers no PrivateLink in the region of the add-on.')
  expect(said.text).not.toContain('Create the private link')

  const on = await signedInAsAnn(await start())
  expect((await on.get(on.base)).text).toContain(`href="${on.base}/privatelink"`)
})

test('who was not named, another session’s form, and a token change nothing', async () => {
  const h = await start()
  await createPrivateLink(h.deps, { resourceId: h.addon.id, actor: ANN, accounts: [ACCOUNT] })
  const before = await kindsOf(h.deps, h.addon.id)
  const nobody = await signedIn(h, { addon: h.addon.name, tamper: { user_scoped_resource_token: null } })
  const seen = await page(nobody)
  expect(wordsOf(seen)).toContain(ROOT)
  expect(seen.text).not.toContain('<textarea')
  expect(seen.text).not.toContain('>Remove')
  const ann = await signedInAsAnn(h)
  const { text: token } = await tokenOf(h, ['read', 'rotate', 'revoke', 'keyring'])
  for (const path of PATHS) {
    expect((await post(nobody, path, { accounts: ROOT })).status, path).toBe(403)
    const forged = { form_token: await nobody.token(), accounts: ROOT }
    expect((await ann.post(`${ann.base}/privatelink${path}`, forged)).status, path).toBe(403)
    const bearer = await fetch(`${h.url}${ann.base}/privatelink${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: `accounts=${ACCOUNT}`,
    })
    expect(bearer.status, path).toBe(403)
  }
  expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind.startsWith('privatelink'))).toEqual(
    before.filter((kind) => kind.startsWith('privatelink')),
  )
})

describe.skipIf(!browserFound)('in a real browser', () => {
  const chromium = useChromium()

  test.each<View>([
    { width: 1280, scheme: 'light' },
    { width: 390, scheme: 'dark', javaScript: false },
  ])('create, refuse, add, remove, destroy: $width px, in both schemes', async (view) => {
    const h = await start()
    const { page: tab } = await chromium.open(view)
    const look = async (name: string) => {
      await tab.waitForLoadState('load')
      await expectNoSidewaysScroll(tab)
      for (const scheme of ['light', 'dark'] as const) {
        await tab.emulateMedia({ colorScheme: scheme })
        if (view.javaScript !== false) {
          await tab.evaluate('Promise.all(document.getAnimations().map(({ finished }) => finished))')
          await expectAccessible(tab)
        }
        await screenshot(tab, `private-link-${name}-${view.width}-${scheme}`)
      }
    }
    await openFromHeroku(tab, h, h.addon.name)
    await tab.getByRole('link', { name: 'PrivateLink' }).click()
    await tab.getByRole('heading', { name: 'Create a private link' }).waitFor()
    await look('create')
    await tab.getByLabel('AWS accounts').fill('*')
    await tab.getByRole('button', { name: 'Create the private link' }).click()
    await tab.getByRole('alert').waitFor()
    await look('refused')
    await tab.getByLabel('AWS accounts').fill(`${ACCOUNT}\n${ACCOUNT}:user/${'long-name-'.repeat(6)}`)
    await tab.getByRole('button', { name: 'Create the private link' }).click()
    await tab.getByText('It is being made').waitFor()
    await look('provisioning')
    await setLink(h, { status: 'Operational', service_name: SERVICE_NAME })
    await tab.reload()
    await tab.getByText('Make one in AWS').waitFor()
    await look('no-endpoint')
    const endpoint = { resource_id: h.addon.id, endpoint_id: 'vpce-01c87ae3c05563935', account: ACCOUNT }
    await h.deps.db
      .insertInto('private_link_connections')
      .values({ ...endpoint, state: 'available' })
      .execute()
    await tab.getByLabel('AWS accounts').fill('210987654321:role/Builder')
    await tab.getByRole('button', { name: 'Add the accounts' }).click()
    await tab.getByText('arn:aws:iam::210987654321:role/Builder').first().waitFor()
    await tab.getByRole('button', { name: `Remove ${ROOT}` }).click()
    await tab.getByText('Removing').waitFor()
    await look('operational')
    await tab.getByRole('button', { name: 'Destroy the private link' }).click()
    await tab.getByText('It is being taken away').waitFor()
    await look('going')
  })
})
