import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { stateOf } from '../support/resource.ts'
import {
  browserFound,
  expectAccessible,
  openFromHeroku,
  screenshot,
  useChromium,
  type View,
} from './support/chromium.ts'

describe.skipIf(!browserFound)('in a real browser', () => {
  const chromium = useChromium()

  test.each<View>([
    { width: 1280, scheme: 'light' },
    { width: 390, scheme: 'dark' },
  ])(
    'a person announces the next key, and reads on each form what it ends and when: $width px, $scheme',
    async (view) => {
      const h = await startWithAddon()
      h.clock.advance(14 * DAY)
      await h.worker1.tick()
      h.clock.advance(3 * HOUR)
      const { page } = await chromium.open(view)
      await openFromHeroku(page, h, h.addon.name)
      await page.locator('#next summary').click()
      await page.getByRole('button', { name: 'Announce the next key' }).click()
      await page.getByText('The next key is being announced.').waitFor()
      await h.worker1.tick()
      await page.reload()
      const { version = 0 } = (await stateOf(h.deps, h.addon.id)).keyset.next ?? {}
      expect(await page.locator('.key.next').textContent()).toContain(`version ${version}`)

      for (const id of ['rotate', 'grace-period', 'next', 'revoke'])
        await page.locator(`#${id} summary`).click()
      const old = fingerprint(keysOn(h).second)
      for (const id of ['rotate', 'grace-period', 'revoke']) {
        expect(await page.locator(`#${id}`).textContent()).toContain(old)
        expect(await page.locator(`#${id} time`).count()).toBeGreaterThan(0)
      }
      await expectAccessible(page)
      await screenshot(page, `next-key-${view.width}-${view.scheme}`)
    },
  )
})
