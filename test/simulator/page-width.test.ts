import { describe, test } from 'vitest'
import { browserFound, expectNoSidewaysScroll, useChromium } from '../dashboard/support/chromium.ts'
import { startHeroku } from './support/start-heroku.ts'

describe.skipIf(!browserFound)('the page in a browser', () => {
  const chromium = useChromium()

  test('has the width of its window, however long the options of an add-on are', async () => {
    const { simulator } = await startHeroku()
    await simulator.customer.createApp('service-1')
    const options = { 'encryption-key': 'k'.repeat(80), fork: 'c'.repeat(80) }
    await simulator.customer.createAddon({ app: 'service-1', plan: 'fortnightly', options })
    for (const width of [1200, 390]) {
      const { page } = await chromium.open({ width, scheme: 'light' })
      await page.goto(simulator.url)
      await expectNoSidewaysScroll(page)
    }
  })
})
