import { describe, expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import {
  browserFound,
  expectAccessible,
  expectNoSidewaysScroll,
  openFromHeroku,
  screenshot,
  useChromium,
  type View,
} from './support/chromium.ts'

describe.skipIf(!browserFound)('in a real browser', () => {
  const chromium = useChromium()

  test.each<View>([
    { width: 1280, scheme: 'light', javaScript: false },
    { width: 390, scheme: 'dark' },
    { width: 1280, scheme: 'dark' },
    { width: 390, scheme: 'light', javaScript: false },
  ])(
    'a person sets windows and a freeze, and reads when the next restart comes: $width px, $scheme',
    async (view) => {
      const h = await startWithAddon()
      const { page } = await chromium.open(view)
      await openFromHeroku(page, h, h.addon.name)
      await screenshot(page, `calendar-first-${view.width}-${view.scheme}`)
      await page
        .getByRole('link', { name: /calendar/i })
        .first()
        .click()
      await page.getByLabel('Days, times and a time zone').fill('sat 22:00-02:00 Europe/Berlin')
      await page.getByRole('button', { name: 'Set the windows' }).click()
      await page.getByText('Now: sat 22:00-02:00 Europe/Berlin').waitFor()
      const next = page.locator('#next time').first()
      expect(await next.getAttribute('datetime')).toBe('2026-03-21T21:00:00.000Z')
      await page.getByLabel('From').fill('2026-03-20')
      await page.getByLabel('Until').fill('2026-03-25')
      await page.getByLabel('Reason').fill('spring sale')
      await page.getByRole('button', { name: 'Add the freeze' }).click()
      await page.getByText('waits for a window, then for the end of the freeze “spring sale”').waitFor()
      expect(await next.getAttribute('datetime')).toBe('2026-03-28T21:00:00.000Z')
      await expectNoSidewaysScroll(page)
      if (view.javaScript !== false) await expectAccessible(page)
      await screenshot(page, `calendar-${view.width}-${view.scheme}`)
    },
  )
})
