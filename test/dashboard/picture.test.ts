import { readFileSync } from 'node:fs'
import { Eta } from 'eta'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Overview } from '../../src/flows/dashboard/overview.ts'
import { nowModel } from '../../src/http/dashboard/present/now.ts'
import { timelineOf } from '../../src/http/dashboard/present/timeline.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { browserFound, useChromium } from './support/chromium.ts'
import { NOW, rotatedOverview } from './support/made-up-overview.ts'

const DASHBOARD = new URL('../../src/http/dashboard/', import.meta.url)
const VIEWS = new Eta({ views: new URL('views', DASHBOARD).pathname, autoEscape: true })

const PERIODS_MS = [1, 10, 25, 50]
  .map((seconds) => seconds * SECOND)
  .concat([3 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, 12 * HOUR])
  .concat([1, 7, 14, 20, 28, 90, 365].map((days) => days * DAY))
const PICTURES: Overview[] = PERIODS_MS.flatMap((periodMs) => [
  ...[0, 1, 3, 11].flatMap((rotations) =>
    [0, 0.04, 0.5, 0.9, 0.99].map((phase) => rotatedOverview({ periodMs, rotations, phase })),
  ),
  ...[1.2, 1.5, 2, 3, 4, 6, 9].map((periods) => withOldKey(periodMs, periods)),
])

/** An old key is accepted for so many periods from now on, and the next rotation stands in the midst of the picture. */
function withOldKey(periodMs: number, periods: number): Overview {
  const life = rotatedOverview({ periodMs, rotations: 1, phase: 0.5 })
  const graceEndsAt = new Date(NOW.getTime() + periods * periodMs)
  const keys = life.keys.map((key) => (key.stage === 'previous' ? { ...key, graceEndsAt } : key))
  return { ...life, keys, grace: { until: 'elapsed', ms: (periods + 0.5) * periodMs } }
}

describe.skipIf(!browserFound)('the picture in a real browser', () => {
  const chromium = useChromium()

  test.each([390, 1280])(
    'keeps its labels apart and inside of the card, for keys of seconds and of years: %i px',
    async (width) => {
      const { page } = await chromium.open({ width, scheme: 'light' })
      await show(page, PICTURES)
      expect(await page.locator('.timeline').count()).toBe(PICTURES.length)
      expect(await page.evaluate(troublesOnPage)).toEqual([])
    },
  )

  test('tells the times of day of the axis and of the next rotation in the zone of the reader', async () => {
    const { page } = await chromium.open({ width: 390, scheme: 'light' })
    await show(page, [rotatedOverview({ periodMs: 25 * SECOND, rotations: 3, phase: 0.36 })])
    expect(await page.locator('.axis').allTextContents()).toEqual(['11:03:00', '11:03:30', '11:04:00'])
    expect(await page.locator('.next-label').textContent()).toBe('next rotation 11:04:16')
    expect(await page.locator('.next time').textContent()).toBe('Sun, 29 Nov 2026, 11:04:16 CET')
  })

  test('leaves the days of the axis as they are, which begin in UTC', async () => {
    const { page } = await chromium.open({ width: 390, scheme: 'light' })
    await show(page, [rotatedOverview({ periodMs: 28 * DAY, rotations: 3, phase: 0.36 })])
    const months = ['Sep 2026', 'Oct 2026', 'Nov 2026', 'Dec 2026']
    expect(await page.locator('.axis').allTextContents()).toEqual(months)
    expect(await page.locator('.next-label').textContent()).toBe('next rotation 17 Dec')
  })
})

const NO_NOTES = { clientNotes: [], clientNotesMore: 0 }

/** Cards as on the first page, one below the other, with its styles and its script. */
async function show(page: Page, overviews: readonly Overview[]): Promise<void> {
  const shell = { base: '/dashboard/r', formToken: '' }
  const cards = overviews.map((overview) =>
    VIEWS.render('now', { now: nowModel(overview), timeline: timelineOf(overview), shell, ...NO_NOTES }),
  )
  const styles = ['base', 'parts', 'forms', 'timeline'].map((name) => asset(`${name}.css`))
  const head = `<meta name="viewport" content="width=device-width"><style>${styles.join('\n')}</style>`
  await page.setContent(
    `<!doctype html><head>${head}</head><main id="main">${cards.join('\n')}</main><p data-zone>`,
  )
  await page.addScriptTag({ type: 'module', content: asset('dashboard.js') })
  await page.getByText('Times are in your time zone').waitFor()
}

function asset(name: string): string {
  return readFileSync(new URL(`assets/${name}`, DASHBOARD), 'utf8')
}

/** Runs in the page: every label that touches another one, or the line of the next rotation, or the edge of its card. */
const troublesOnPage = `[...document.querySelectorAll('.timeline')].flatMap((figure) => {
  const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
  const card = figure.closest('.card').getBoundingClientRect()
  const air = 8
  const labels = [...figure.querySelectorAll('text')].map((text) => ({
    words: text.textContent,
    endsAt: text.matches('.label[text-anchor=end]') ? text.getAttribute('x') : undefined,
    box: text.getBoundingClientRect(),
  }))
  const line = figure.querySelector('.next-line')
  const { left, right, top, bottom } = line?.getBoundingClientRect() ?? {}
  const stroke = { left: left - 2, right: right + 2, top, bottom }
  const mustClear = ({ words, endsAt }) => line && (words === 'now' || endsAt === line.getAttribute('x1'))
  return labels.flatMap(({ words, box, endsAt }, index) => [
    ...labels.slice(index + 1).filter((other) => touch(box, other.box)).map((other) => words + ' | ' + other.words),
    ...(box.left < card.left + air || box.right > card.right - air ? [words + ' at the edge'] : []),
    ...(mustClear({ words, endsAt }) && touch(box, stroke) ? [words + ' | line of the next rotation'] : []),
  ])
})`
