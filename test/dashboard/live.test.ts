import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { type HarnessWithAddon, keysOn, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { SECOND } from '../support/harness.ts'
import { browserFound, openFromHeroku, useChromium } from './support/chromium.ts'

const PERIOD_MS = 25 * SECOND
const startShort = () =>
  startWithAddon({ env: { PLAN_PERIODS: `fortnightly=${PERIOD_MS / SECOND}s`, GRACE_FLOOR: '1s' } })
const OPERATOR = { type: 'operator' } as const
const REFRESH = 'http-equiv="refresh"'

describe('the first page', () => {
  test('asks for itself again where keys live for less than an hour, and elsewhere only during a rotation', async () => {
    for (const [start, always] of [
      [startShort, true],
      [startWithAddon, false],
    ] as const) {
      const h = await start()
      const browser = await signedIn(h, { addon: h.addon.name })
      const watches = async () => (await browser.get(browser.base)).text.includes('data-watch')
      expect(await watches()).toBe(always)
      await requestRotation(h.deps, { resourceId: h.addon.id, actor: OPERATOR })
      expect(await watches()).toBe(true)
      await h.worker1.tick()
      expect(await watches()).toBe(always)
    }
  })

  test('is loaded anew without a script only while a rotation is under way', async () => {
    const h = await startShort()
    const browser = await signedIn(h, { addon: h.addon.name })
    expect((await browser.get(browser.base)).text).not.toContain(REFRESH)
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: OPERATOR })
    expect((await browser.get(browser.base)).text).toContain(`<noscript><meta ${REFRESH}`)
  })
})

describe.skipIf(!browserFound)('in a real browser, where keys live for seconds', () => {
  const chromium = useChromium()

  /** The first page, in a browser whose clock runs ahead to the next time at which the page asks. */
  async function open(h: HarnessWithAddon) {
    const { page } = await chromium.open({ width: 1280, scheme: 'light' })
    await page.clock.install()
    await openFromHeroku(page, h, h.addon.name)
    return { page, lookAgain: () => page.clock.runFor(3_000) }
  }

  test('the countdown and the keys are up to date without a reload, and nobody is told of a rotation that was not seen', async () => {
    const h = await startShort()
    const { page, lookAgain } = await open(h)
    await page.getByText('Next rotation in 25 seconds').waitFor()
    h.clock.advance(10 * SECOND)
    await lookAgain()
    await page.getByText('Next rotation in 15 seconds').waitFor()
    h.clock.advance(15 * SECOND)
    await h.worker1.tick()
    const { first } = keysOn(h)
    await lookAgain()
    await page.locator('#keys').getByText(fingerprint(first)).waitFor()
    await page.getByText('Next rotation in 25 seconds').waitFor()
    expect(await page.locator('.notices').textContent()).toBe('')
  })

  test('a rotation that was seen under way is told of when it has finished, and the page goes on asking', async () => {
    const h = await startShort()
    const { page, lookAgain } = await open(h)
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: OPERATOR })
    await lookAgain()
    await page.getByText('A new key is on its way').waitFor()
    await h.worker1.tick()
    await lookAgain()
    await page.getByText('Rotation finished. Next rotation in 25 seconds.').waitFor()
    h.clock.advance(5 * SECOND)
    await lookAgain()
    await page.getByText('Next rotation in 20 seconds', { exact: true }).waitFor()
  })

  test('a rotation that gets stuck is not told of as finished', async () => {
    const h = await startShort()
    const { page, lookAgain } = await open(h)
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: OPERATOR })
    await lookAgain()
    await page.getByText('A new key is on its way').waitFor()
    await tickUntilStuck(h)
    await lookAgain()
    await page.locator('.notices').getByText('Heroku does not know this add-on').waitFor()
    expect(await page.getByText('Rotation finished').count()).toBe(0)
  })

  test('what the reader has open stays as it is', async () => {
    const h = await startShort()
    const { page, lookAgain } = await open(h)
    await page.locator('#pause summary').click()
    await page.getByLabel('Reason').fill('holidays')
    h.clock.advance(10 * SECOND)
    await lookAgain()
    await page.getByText('Next rotation in 15 seconds').waitFor()
    expect(await page.getByLabel('Reason').inputValue()).toBe('holidays')
  })
})
