import { describe, expect, onTestFinished, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { readForkCode } from '../../src/flows/fork/fork-codes.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { startWithAddon } from '../support/addon.ts'
import { type Answer, signedIn } from '../support/browser.ts'
import { kmsEnvironment, startFakeKms } from '../support/fake-kms.ts'
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

const codeIn = ({ text }: Answer) => /sk_fork_[0-9a-f]{16}_[0-9a-z]{58}/.exec(text)?.[0]
const NO_WAY_BACK = 'There is no way back'

async function start() {
  const { kms, url } = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  onTestFinished(() => kms.close())
  return await startWithAddon({ env: kmsEnvironment(url) })
}

test('the page says before the button what a code does, that there is no way back, and when this add-on rotates; it shows the code once', async () => {
  const h = await start()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  expect((await ann.get(ann.base)).text).toContain(`${ann.base}/fork`)
  const page = (await ann.get(`${ann.base}/fork`)).text
  const [before = '', form = ''] = page.split(`<form method="post" action="${ann.base}/fork">`)
  for (const words of [NO_WAY_BACK, 'Whoever has the code gets the keys', '17 Mar 2026']) {
    expect(before).toContain(words)
  }
  expect(form).toContain('Make the code')
  const made = await ann.post(`${ann.base}/fork`, { form_token: await ann.token() })
  expect(made.status).toBe(200)
  expect(made.headers.get('cache-control')).toBe('no-store')
  expect(made.text).toContain(NO_WAY_BACK)
  expect(made.text).toContain(
    'heroku addons:create securekey:private-fortnightly -a APP -- \\\n  --encryption-key ARN --fork CODE<',
  )
  expect((await readForkCode(h.deps, codeIn(made) ?? ''))?.resourceId).toBe(h.addon.id)
  expect(codeIn(await ann.get(`${ann.base}/fork`))).toBeUndefined()
  expect(await kindsOf(h.deps, h.addon.id)).toContain('fork-code-made')
})

test('a code is made only by a sign-on that names its user, by a form of that session', async () => {
  const h = await start()
  const nobody = await signedIn(h, { addon: h.addon.name, tamper: { user_scoped_resource_token: null } })
  const answer = await nobody.post(`${nobody.base}/fork`, { form_token: await nobody.token() })
  expect([answer.status, codeIn(answer)]).toEqual([403, undefined])
  expect((await nobody.get(`${nobody.base}/fork`)).text).not.toContain('Make the code')
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  expect((await ann.post(`${ann.base}/fork`, { form_token: 'x' })).status).toBe(403)
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('fork-code-made')
})

test('without access to AWS the page says so, the first page does not lead there, and no code is made', async () => {
  const h = await startWithAddon()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  expect((await ann.get(ann.base)).text).not.toContain('/fork')
  const asked = await ann.get(`${ann.base}/fork`)
  const refused = await ann.post(`${ann.base}/fork`, { form_token: await ann.token() })
  expect([asked.status, refused.status]).toEqual([200, 409])
  for (const { text } of [asked, refused]) {
    expect(text).toContain('no access to AWS KMS')
    expect(text).not.toContain('Make the code')
  }
  expect(codeIn(refused)).toBeUndefined()
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('fork-code-made')
})

test('a session that a revoke ends while its form waits leaves no code behind', async () => {
  const h = await start()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  const fields = { form_token: await ann.token() }
  const held = await holdKeyset(h.deps.db, h.addon.id)
  const revoking = revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  await untilSomeWait(h.deps.db, 1)
  const asked = ann.post(`${ann.base}/fork`, fields)
  await untilSomeWait(h.deps.db, 2)
  held.release()
  await revoking
  expect(codeIn(await asked)).toBeUndefined()
  expect(await h.deps.db.selectFrom('fork_codes').selectAll().execute()).toEqual([])
})

describe.skipIf(!browserFound)('in a real browser', () => {
  const chromium = useChromium()

  test.each<View>([
    { width: 1280, scheme: 'light' },
    { width: 390, scheme: 'dark' },
  ])('a code is made from the first page, and a person of any sight can read it: $width px', async (view) => {
    const h = await start()
    const { page } = await chromium.open(view)
    const look = async (name: string) => {
      await page.waitForLoadState('load')
      await expectAccessible(page)
      await expectNoSidewaysScroll(page)
      await screenshot(page, `${name}-${view.width}-${view.scheme}`)
    }
    await openFromHeroku(page, h, h.addon.name)
    await page.locator('a[href$="/fork"]').click()
    await page.getByRole('heading', { name: 'Move to an encryption key of yours' }).waitFor()
    await look('fork')
    await page.getByRole('button', { name: 'Make the code' }).click()
    await page
      .getByText(/sk_fork_/)
      .first()
      .waitFor()
    await look('fork-code-made')
  })
})
