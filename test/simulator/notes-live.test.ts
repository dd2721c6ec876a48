import { describe, expect, test } from 'vitest'
import { browserFound, useChromium } from '../dashboard/support/chromium.ts'
import { startHeroku } from './support/start-heroku.ts'

describe.skipIf(!browserFound)('in a browser', () => {
  const { open } = useChromium()

  test('a note changes in place, so that nothing else is drawn anew under somebody who selects a key', async () => {
    const { simulator } = await startHeroku()
    // A dyno that is starting is drawn anew every second.
    const { id } = await simulator.customer.createApp('shop', { restartMs: 0 })
    const { page } = await open({ width: 1_000, scheme: 'light' })
    const card = page.locator(`#app-${id}`)
    const drawing = `${simulator.url}/simulator/live`
    // Everything is drawn once when the page begins to listen.
    const drawn = page.waitForResponse(drawing)
    await page.goto(simulator.url)
    await drawn
    await simulator.customer.note('shop', 'it runs on <v2>')
    await card.getByText('it runs on <v2>').waitFor()

    const redraws: string[] = []
    page.on('request', (request) => request.url() === drawing && redraws.push(request.url()))
    await simulator.customer.note('shop', 'it runs on v3')
    await card.getByText('it runs on v3').waitFor()
    await simulator.customer.note('shop', '')
    await card.locator('.note').waitFor({ state: 'hidden' })
    expect(redraws).toEqual([])
  })
})
