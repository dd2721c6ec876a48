import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Harness } from '../../support/harness.ts'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const REQUIRED = process.env.REQUIRE_BROWSER === '1'
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const ACTION_LIMIT_MS = 30_000
export const SCREENSHOTS = new URL('../../../.local/screenshots', import.meta.url).pathname

/** Whether the tests of this file can run; if not, and nobody insists, it is said once why they are skipped. */
export const browserFound = existsSync(CHROMIUM) || REQUIRED
if (!browserFound)
  console.warn(`No browser at ${CHROMIUM} (set CHROMIUM_PATH): the dashboard is not tested in one.`)

export type View = { width: number; scheme: 'light' | 'dark'; javaScript?: boolean }

/** One browser for all tests of a file; a fresh profile per call. */
export function useChromium(): { open: (view: View) => Promise<{ page: Page; context: BrowserContext }> } {
  let browser: Browser | undefined
  const contexts: BrowserContext[] = []
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS })
  })
  afterAll(async () => {
    for (const context of contexts) await context.close()
    await browser?.close()
  })
  return {
    async open({ width, scheme, javaScript = true }) {
      if (!browser) throw new Error('the browser is not started')
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        javaScriptEnabled: javaScript,
        timezoneId: 'Europe/Vienna',
        locale: 'en-GB',
      })
      context.setDefaultTimeout(ACTION_LIMIT_MS)
      contexts.push(context)
      return { page: await context.newPage(), context }
    },
  }
}

/** Opens the dashboard as Heroku's page does: a form on another site, posted by the browser. */
export async function openFromHeroku(
  page: Page,
  harness: Pick<Harness, 'heroku' | 'url'>,
  addon: string,
): Promise<void> {
  const { url, fields } = harness.heroku.customer.ssoForm({ addon })
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  )
  await page.setContent(`<form method="post" action="${url}">${inputs.join('')}<button>Open</button></form>`)
  await Promise.all([page.waitForURL(/\/dashboard\//), page.getByRole('button', { name: 'Open' }).click()])
}

/** Fails when the page is wider than its window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const beyond = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  expect(beyond, `at ${page.viewportSize()?.width} px`).toBe(0)
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const ALL_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** The only ones that tell one colour scheme from the other. */
const COLOUR_RULES = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }

/** Fails when axe finds anything serious or critical by WCAG 2.2 AA, or in its colours alone. */
export async function expectAccessible(page: Page, { colours = false } = {}): Promise<void> {
  const rules = JSON.stringify(colours ? COLOUR_RULES : ALL_RULES)
  // By the debugger's way in: the page's own policy lets no foreign script run.
  const session = await page.context().newCDPSession(page)
  const { result: loaded } = await session.send('Runtime.evaluate', { expression: 'typeof axe' })
  if (loaded.value !== 'object') await session.send('Runtime.evaluate', { expression: AXE })
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ${rules} })
      .then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' | ')))`,
    awaitPromise: true,
    returnByValue: true,
  })
  await session.detach()
  expect(result.value).toEqual([])
}
