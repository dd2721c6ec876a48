import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { startReceiver } from '../notices/support/receiver.ts'
import { type HarnessWithAddon, keysOn, startWithAddon } from '../support/addon.ts'
import { DAY } from '../support/harness.ts'
import {
  browserFound,
  expectAccessible,
  expectNoSidewaysScroll,
  openFromHeroku,
  screenshot,
  useChromium,
  type View,
} from './support/chromium.ts'

const JOURNEY_LIMIT_MS = 300_000

/** An add-on of some weeks on two apps: the pages have something to show. */
async function start(): Promise<HarnessWithAddon> {
  const h = await startWithAddon()
  await h.heroku.customer.createApp('service-2')
  await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SERVICE_ONE_SECURE' })
  for (let rotations = 0; rotations < 2; rotations += 1) {
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
  }
  h.clock.advance(5 * DAY)
  return h
}

describe.skipIf(!browserFound)('in a real browser', { timeout: JOURNEY_LIMIT_MS }, () => {
  const chromium = useChromium()

  test.each<View>([
    { width: 1280, scheme: 'light' },
    { width: 390, scheme: 'dark' },
  ])('sign in, see, rotate, reveal, revoke, download, sign out: $width px, in both schemes', async (view) => {
    const h = await start()
    const { page } = await chromium.open(view)
    const problems = consoleProblems(page)
    const look = async (name: string) => {
      // Its words are there before its styles are.
      await page.waitForLoadState('load')
      await expectNoSidewaysScroll(page)
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme })
        // Colours that change do so in a moment.
        await page.evaluate('Promise.all(document.getAnimations().map(({ finished }) => finished))')
        await expectAccessible(page, { colours: scheme === 'dark' })
        await screenshot(page, `${name}-${view.width}-${scheme}`)
      }
    }
    await openFromHeroku(page, h, h.addon.name)
    await look('overview')
    expect(await page.content()).not.toMatch(/[0-9A-F]{64}/)
    expect(await page.locator('#now .next time').textContent()).toContain('CEST')

    const before = keysOn(h)
    await page.getByText('Rotate now', { exact: false }).first().click()
    expect(await page.locator('#rotate').textContent()).toContain('service-1 and service-2')
    await look('rotate')
    await page.getByRole('button', { name: 'Rotate now' }).dblclick()
    await page.getByText('A new key is on its way').waitFor()
    await look('rotating')
    await h.worker1.tick()
    // Nobody reloads: the page finds out by itself.
    await page.getByText('Rotation finished.').waitFor()
    const after = keysOn(h)
    expect(after.second).toBe(before.first)
    const prints = await page.locator('#keys .print').allTextContents()
    expect(prints.slice(0, 2)).toEqual([fingerprint(after.first), fingerprint(after.second)])

    await page.getByText('Show key of version 5').click()
    await page.getByRole('button', { name: 'Yes, show it (version 5)' }).click()
    await page.getByText(after.first).waitFor()
    await look('revealed')
    await page.getByRole('link', { name: 'Hide it now' }).click()
    await page.getByText('Next rotation').first().waitFor()
    expect(await page.content()).not.toContain(after.first)

    await page.getByText('Revoke: a key leaked').first().click()
    await page.getByLabel('to confirm').fill('something else')
    await page.getByRole('button', { name: 'Revoke all keys' }).click()
    await page.getByRole('alert').waitFor()
    await look('revoke-problem')
    await page.getByLabel('to confirm').fill(h.addon.name)
    await page.getByRole('button', { name: 'Revoke all keys' }).click()
    await page.getByText('The old keys are being replaced').waitFor()
    await look('revoking')
    await h.worker1.tick()
    await page.getByText('Rotation finished.').waitFor()
    const revoked = keysOn(h)
    expect([revoked.first, revoked.second]).not.toContain(after.first)

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download CSV' }).click(),
    ])
    const csv = await readFile(await download.path(), 'utf8')
    expect(csv).toContain('key-revealed,person,')
    expect(csv).not.toMatch(/[0-9A-F]{64}/)

    await page.getByRole('link', { name: 'Tokens' }).click()
    await page.getByText('There are no tokens.').waitFor()
    await look('tokens')
    await page.getByLabel('Name').fill('deploy script')
    await page.getByRole('button', { name: 'Make the token' }).click()
    await page.getByText(/^sk_api_/).waitFor()
    await look('token-made')
    await page.getByRole('link', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'End the token deploy script' }).waitFor()
    await look('tokens-in-use')
    expect(await page.content()).not.toContain('sk_api_')

    await page.getByRole('link', { name: 'Clients', exact: true }).click()
    await page.getByText('There are no clients.').waitFor()
    await look('clients')
    await page.getByRole('button', { name: 'Switch the hand-over on' }).click()
    await page.getByRole('heading', { name: 'Hand-over: on' }).waitFor()
    await page.getByLabel('Name').fill('warehouse')
    await page.getByRole('button', { name: 'Enrol the client' }).click()
    await page.getByText(/^sk_client_/).waitFor()
    await look('client-made')
    await page.getByRole('link', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'End the client warehouse' }).waitFor()
    await look('clients-enrolled')
    expect(await page.content()).not.toContain('sk_client_')

    await page.getByRole('link', { name: 'Access', exact: true }).click()
    await page.getByText('Nothing unusual in the last 90 days.').waitFor()
    await look('access')
    const receiver = await startReceiver()
    await page.getByRole('link', { name: 'Notices' }).click()
    await page.getByRole('link', { name: 'Webhooks', exact: true }).click()
    await page.getByText('There are no webhooks.').waitFor()
    await look('webhooks')
    await page.getByLabel('Name').fill('on call')
    await page.getByLabel('URL').fill(receiver.url)
    await page.getByRole('button', { name: 'Add the webhook' }).click()
    await page.getByText(/^whsec_/).waitFor()
    await look('webhook-made')
    await page.getByRole('link', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Send a test' }).click()
    await page.getByText('Sent: the receiver took it').waitFor()
    await look('webhook')
    await page.getByRole('link', { name: 'All webhooks' }).click()
    await page.getByRole('link', { name: 'on call' }).waitFor()
    await look('webhooks-in-use')
    await page.getByRole('link', { name: 'Back to the notices' }).click()
    await page.getByRole('link', { name: 'on call' }).waitFor()
    await page.getByRole('link', { name: h.addon.name }).click()

    await page.getByRole('link', { name: 'The whole history' }).click()
    await page.getByRole('heading', { name: /^History of/ }).waitFor()
    await look('history')
    await page.getByRole('link', { name: 'Back to the overview' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('You are signed out').waitFor()
    await look('signed-out')
    expect(problems).toEqual([])
  })

  test('the same journey with JavaScript off', async () => {
    const h = await start()
    const { page } = await chromium.open({ width: 390, scheme: 'light', javaScript: false })
    await openFromHeroku(page, h, h.addon.name)
    expect(await page.locator('#now .next time').textContent()).toContain('UTC')

    await page.locator('#rotate summary').click()
    await page.getByRole('button', { name: 'Rotate now' }).click()
    await page.getByText('A new key is on its way').waitFor()
    await h.worker1.tick()
    // The page loads itself anew every five seconds while a rotation is under way.
    await page.getByText('Next rotation').first().waitFor()
    const { first } = keysOn(h)

    await page.locator('.reveal summary').first().click()
    await page
      .getByRole('button', { name: /^Yes, show it/ })
      .first()
      .click()
    await page.getByText(first).waitFor()
    await screenshot(page, 'revealed-390-without-script')
    await page.getByRole('link', { name: 'Hide it now' }).click()

    await page.locator('#revoke summary').click()
    await page.getByLabel('to confirm').fill(h.addon.name)
    await page.getByRole('button', { name: 'Revoke all keys' }).click()
    await page.getByText('The old keys are being replaced').waitFor()
    await h.worker1.tick()
    await page.getByText('Next rotation').first().waitFor()
    expect(await page.locator('#rotations').textContent()).toMatch(/Revoke\s+Done/)

    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download JSON lines' }).click()
    expect(await readFile(await (await download).path(), 'utf8')).toContain('"kind":"keys-revoked"')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('You are signed out').waitFor()
  })

  test('a key hides itself after 30 s, with and without a script', async () => {
    const h = await start()
    const views = await Promise.all(
      [true, false].map((javaScript) => chromium.open({ width: 1280, scheme: 'light', javaScript })),
    )
    const [scripted, plain] = views.map(({ page }) => page)
    if (!scripted || !plain) throw new Error('two pages were opened')
    await scripted.clock.install()
    const refreshed = await hurryRefresh(plain)
    for (const page of [scripted, plain]) {
      await openFromHeroku(page, h, h.addon.name)
      // From here on its clock stands still between the steps of the test, however long these take.
      if (page === scripted) await page.clock.pauseAt(Date.now() + DAY)
      h.clock.advance(1_000)
      await page.locator('.reveal summary').first().click()
      await page
        .getByRole('button', { name: /^Yes, show it/ })
        .first()
        .click()
      await page.getByText(keysOn(h).first).waitFor()
    }
    await scripted.clock.runFor(29_000)
    expect(await scripted.getByText(keysOn(h).first).isVisible()).toBe(true)
    await scripted.clock.runFor(1_000)
    for (const page of [scripted, plain]) {
      await page.getByText('Next rotation').first().waitFor()
      expect(await page.content()).not.toMatch(/[0-9A-F]{64}/)
    }
    expect(refreshed).toEqual(['30'])
  })

  test('a double click on Heroku’s button ends on the page, where the cookie is withheld from the second form', async () => {
    const h = await start()
    const { page, context } = await chromium.open({ width: 1280, scheme: 'light' })
    const { url, fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
    const form = `<form method="post" action="${url}">${inputs.join('')}<button>Open</button></form>`
    await page.setContent(form)
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByRole('heading', { name: h.addon.name }).waitFor()
    const second = await context.newPage()
    await second.setContent(form)
    await second.getByRole('button', { name: 'Open' }).click()
    await second.getByRole('heading', { name: h.addon.name }).waitFor()

    const stranger = (await chromium.open({ width: 1280, scheme: 'light' })).page
    await stranger.setContent(form)
    await stranger.getByRole('button', { name: 'Open' }).click()
    await stranger.getByText('Please open the dashboard again').waitFor()
    await stranger.waitForURL(/\/again\//)
    expect(await stranger.getByText('Please open the dashboard again').count()).toBe(1)
    await expectAccessible(stranger)
    await screenshot(stranger, 'refused-1280-light')
  })

  test('the keyboard alone reaches every action, and focus is seen', async () => {
    const h = await start()
    const { page } = await chromium.open({ width: 1280, scheme: 'light' })
    await openFromHeroku(page, h, h.addon.name)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    const reached: string[] = []
    for (let presses = 0; presses < 30; presses += 1) {
      await page.keyboard.press('Tab')
      reached.push(await page.evaluate('document.activeElement.textContent.trim().slice(0, 20)'))
    }
    for (const name of [
      'Sign out',
      'Show key',
      'Rotate now',
      'Pause',
      'Grace period',
      'Revoke',
      'Download CSV',
    ]) {
      expect(reached.some((text) => text.startsWith(name))).toBe(true)
    }
    await page.locator('#rotate summary').focus()
    await page.keyboard.press('Enter')
    expect(await page.getByRole('button', { name: 'Rotate now' }).isVisible()).toBe(true)
    for (const id of ['pause', 'grace-period', 'revoke']) {
      await page.locator(`#${id} summary`).focus()
      await page.keyboard.press('Enter')
    }
    await page.locator('.reveal summary').first().click()
    await expectAccessible(page)
    await screenshot(page, 'everything-open-1280-light')
  })
})

/** Everything that the page complains of, a refused script or style among it. */
function consoleProblems(page: Page): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    const expected = /status of (409|422)/.test(message.text())
    if (message.type() === 'error' && !expected) problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(error.message))
  return problems
}

/** Makes the browser follow each Refresh header after one second, and lists the seconds that the server had said. */
async function hurryRefresh(page: Page): Promise<string[]> {
  const said: string[] = []
  await page.route('**/reveal', async (route) => {
    const response = await route.fetch({ maxRedirects: 0 })
    const headers = response.headers()
    const [, seconds, rest] = /^(\d+)(;.*)$/.exec(headers.refresh ?? '') ?? []
    if (seconds === undefined) return await route.fulfill({ response })
    said.push(seconds)
    await route.fulfill({ response, headers: { ...headers, refresh: `1${rest}` } })
  })
  return said
}
