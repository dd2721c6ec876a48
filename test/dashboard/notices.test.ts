import { describe, expect, test } from 'vitest'
import { GIVEN_UP_AFTER_MS } from '../../src/domain/notices/delivery.ts'
import { setWindows } from '../../src/flows/dashboard/set-windows.ts'
import { ANN } from '../api/support/token.ts'
import { cursorsOf, linesOf, tell } from '../notices/support/tell.ts'
import { startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { HOUR } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'

const WINDOWS = [{ days: [1], from: '09:00', to: '12:00', zone: 'UTC' }]
const textOf = (html: string) =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

describe('the page Notices', () => {
  test('says what is told, switches the log off and on by a form, and says the consequence before the button', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name, email: 'ann@example.com' })
    const page = `${browser.base}/notices`
    const on = await browser.get(page)
    expect(on.status).toBe(200)
    expect(textOf(on.text)).toContain('Now: on')
    const [before = '', behind = ''] = on.text.split('Switch the log off')
    expect(textOf(before)).toContain('no line is written any more')
    expect(behind).not.toBe('')
    const form = { form_token: await browser.token(), log: 'off' }
    expect(await browser.post(`${page}/log`, form)).toMatchObject({ status: 303, location: page })
    expect(await cursorsOf(h)).toEqual([])
    const off = textOf((await browser.get(page)).text)
    expect(off).toContain('Now: off')
    expect(off).toContain('in the log of the app were switched off by ann@example.com')
    await browser.post(`${page}/log`, { ...form, log: 'on' })
    await browser.post(`${page}/log`, { ...form, log: 'perhaps' })
    expect(await cursorsOf(h)).toHaveLength(1)
    const kinds = (await historyOf(h.deps, h.addon.id)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind.startsWith('log-'))).toEqual(['log-switched-off', 'log-switched-on'])
  })

  test('is changed by no form that this session did not make', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name, email: 'ann@example.com' })
    await browser.post(`${browser.base}/notices/log`, { form_token: 'x', log: 'off' })
    expect(await cursorsOf(h)).toHaveLength(1)
  })

  test('says since when nothing arrives and why, and what was given up; the first page says so too until something arrives', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name, email: 'ann@example.com' })
    const page = async () => textOf((await browser.get(`${browser.base}/notices`)).text)
    h.heroku.faults.add({ match: { path: '/logs' }, kind: 'status', status: 503, times: 1_000 })
    await setWindows(h.deps, { resourceId: h.addon.id, actor: ANN, windows: WINDOWS })
    await tell(h)
    expect(await page()).toContain('Heroku’s log answered 503. We try again by ourselves, for three days.')
    h.clock.advance(GIVEN_UP_AFTER_MS)
    await tell(h)
    const again = await signedIn(h, { addon: h.addon.name, email: 'ann@example.com' })
    const given = textOf((await again.get(`${again.base}/notices`)).text)
    expect(given).toMatch(
      /Given up .*: Heroku’s log answered 503\. What was to be told before that never arrived\./,
    )
    expect(textOf((await again.get(again.base)).text)).toContain('could not be reached')
    h.heroku.faults.clear()
    h.clock.advance(HOUR)
    await setWindows(h.deps, { resourceId: h.addon.id, actor: ANN, windows: [] })
    await tell(h)
    expect(linesOf(h)).toHaveLength(1)
    const later = await signedIn(h, { addon: h.addon.name, email: 'ann@example.com' })
    const healed = textOf((await later.get(later.base)).text)
    expect(healed).toContain('Next rotation')
    expect(healed).not.toContain('could not be reached')
  })
})
