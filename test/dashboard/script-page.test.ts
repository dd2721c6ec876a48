import { describe, expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { createBrowser, signedIn } from '../support/browser.ts'
import {
  browserFound,
  expectAccessible,
  expectNoSidewaysScroll,
  openFromHeroku,
  screenshot,
  useChromium,
  type View,
} from './support/chromium.ts'

test('the page names this add-on, its address and its app, links to the tokens, and is for who is signed in', async () => {
  const h = await startWithAddon()
  const browser = await signedIn(h, { addon: h.addon.name })
  expect((await browser.get(browser.base)).text).toContain(`href="${browser.base}/script"`)
  const { text, status } = await browser.get(`${browser.base}/script`)
  expect(status).toBe(200)
  expect(text).toContain(`<code id="api">${h.config.addonUrl}/v1</code>`)
  expect(text).toContain(`heroku securekey:info ${h.addon.name} --app service-1`)
  expect(text).toContain('where nobody is there to type it, add --confirm service-1.')
  expect(text).toContain(`href="${browser.base}/tokens"`)
  // No token and no key is ever among what is to be pasted.
  expect(text).not.toMatch(/sk_(api|cli|client|fork)_|[0-9A-F]{64}/)
  expect((await createBrowser(h).get(`${browser.base}/script`)).text).not.toContain('securekey:info')
})

test('the page has a word for an app where Heroku tells us none', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'GET' }, kind: 'status', status: 503, times: 9 })
  const browser = await signedIn(h, { addon: h.addon.name })
  expect((await browser.get(`${browser.base}/script`)).text).toContain('--app YOUR-APP')
})

describe.skipIf(!browserFound)('in a real browser', () => {
  const chromium = useChromium()

  test.each<View>([
    { width: 1280, scheme: 'light' },
    { width: 390, scheme: 'dark' },
    { width: 390, scheme: 'light', javaScript: false },
  ])(
    'a person finds the page and reads it without the page moving sideways: $width px, $scheme',
    async (view) => {
      const h = await startWithAddon()
      const { page } = await chromium.open(view)
      await openFromHeroku(page, h, h.addon.name)
      await page.getByRole('link', { name: 'Use it from a script' }).click()
      await page.getByRole('heading', { name: 'Use it from a script' }).waitFor()
      await expectNoSidewaysScroll(page)
      if (view.javaScript !== false) await expectAccessible(page)
      await screenshot(
        page,
        `script-${view.width}-${view.scheme}${view.javaScript === false ? '-plain' : ''}`,
      )
      await page.getByRole('link', { name: 'make one' }).click()
      await page.getByRole('heading', { name: 'API tokens' }).waitFor()
    },
  )
})
