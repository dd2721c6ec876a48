import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/domain/audit.ts'
import { csvLines } from '../../src/http/dashboard/audit-files.ts'
import { insertAuditEvents, listAuditEvents } from '../../src/store/audit-events.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { DAY, MINUTE } from '../support/harness.ts'

describe('every page', () => {
  test('lets nothing in from elsewhere and is kept by nobody', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    for (const path of ['', '/history', '/audit', '/nowhere']) {
      const { headers } = await browser.get(browser.base + path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test('holds no script, style or handler of its own, which the policy would refuse', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const { text } = await browser.get(browser.base)
    expect(text).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=/)
  })

  test('is made by templates that put nothing raw into it but other templates', () => {
    const views = new URL('../../src/http/dashboard/views/', import.meta.url)
    for (const name of readdirSync(views)) {
      const raw = readFileSync(new URL(name, views), 'utf8').match(/<%~.*?%>/g) ?? []
      for (const tag of raw) expect(tag).toMatch(/^<%~ (include\('|it\.body %>)/)
    }
  })

  test.each(['base.css', 'parts.css', 'forms.css', 'timeline.css', 'dashboard.js', 'key.svg'])(
    'finds %s, which is asked for again after a deployment',
    async (file) => {
      const h = await startWithAddon()
      const browser = await signedIn(h, { addon: h.addon.name })
      const url = `/dashboard/assets/${file}`
      const answer = await browser.get(url)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toBe('no-cache')
      // Not by fetch, which asks past every cache when it is given this header.
      const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
      expect((await h.app.inject({ url, headers })).statusCode).toBe(304)
    },
  )
})

describe('a key', () => {
  test('stands in no page before it is revealed, and then in the trail by fingerprint', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name, email: 'ann@example.com' })
    const { first, second } = keysOn(h)
    const pages = await Promise.all(
      ['', '/history', '/audit', '/audit.csv', '/audit.jsonl'].map((path) =>
        browser.get(browser.base + path),
      ),
    )
    for (const { text } of pages) expect(text).not.toMatch(/[0-9A-F]{64}/)

    const form_token = await browser.token()
    const shown = await browser.post(`${browser.base}/reveal`, { form_token, version: '2' })
    expect(shown.status).toBe(200)
    expect(shown.text).toContain(first)
    expect(shown.text).not.toContain(second)
    expect(shown.headers.get('cache-control')).toBe('no-store')
    expect(shown.headers.get('refresh')).toBe(`30;url=${browser.base}`)
    const [event] = await listAuditEvents(h.deps.db, h.addon.id, { limit: 1 })
    expect(event).toMatchObject({ action: 'key-revealed', version: 2, actor: { email: 'ann@example.com' } })
    expect(JSON.stringify(event)).not.toContain(first)
    expect(h.logLines.join('')).not.toContain(first)
  })

  test.each(['1e0', '99', '-1', '', '2; drop table'])('of version "%s" is gone', async (version) => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const form_token = await browser.token()
    expect((await browser.post(`${browser.base}/reveal`, { form_token, version })).status).toBe(404)
  })

  test('that was erased is gone', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const browser = await signedIn(h, { addon: h.addon.name })
    const form_token = await browser.token()
    expect((await browser.post(`${browser.base}/reveal`, { form_token, version: '1' })).status).toBe(404)
  })
})

describe('the attached apps', () => {
  test('are listed with the names of their config vars and the release of the key', async () => {
    const h = await startWithAddon()
    await h.heroku.customer.createApp('service-2')
    await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SERVICE_ONE_SECURE' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const browser = await signedIn(h, { addon: h.addon.name })
    const { text } = await browser.get(browser.base)
    expect(text).toContain('SERVICE_ONE_SECURE_KEY')
    expect(text).toContain('service-1 and service-2')
    const { version } = h.heroku.view.app('service-2')
    expect(text).toContain(`release <strong>v${version}</strong>`)
  })

  test('are asked for once a minute, however often the page is loaded', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const asked = () =>
      h.heroku.view.apiCalls().filter(({ path }) => path.includes('addon-attachments')).length
    const before = asked()
    await Promise.all(Array.from({ length: 5 }, () => browser.get(browser.base)))
    expect(asked()).toBe(before + 1)
    h.clock.advance(MINUTE)
    await browser.get(browser.base)
    expect(asked()).toBe(before + 2)
  })

  test('are a note when Heroku fails, and the page is there all the same', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { path: 'addon-attachments' }, kind: 'status', status: 503, times: 9 })
    const browser = await signedIn(h, { addon: h.addon.name })
    const page = await browser.get(browser.base)
    expect(page.status).toBe(200)
    expect(page.text).toContain(
      'Heroku did not answer, or not in time. So the attached apps cannot be listed',
    )
    expect(page.text).toContain('every attached app')
  })

  test('never hold the page up: after two seconds it comes without them', async () => {
    const h = await startWithAddon({ callTimeoutMs: 15_000 })
    h.heroku.faults.add({ match: { path: 'addon-attachments' }, kind: 'latency', ms: 4_000 })
    const browser = await signedIn(h, { addon: h.addon.name })
    const startedAt = performance.now()
    const page = await browser.get(browser.base)
    expect(performance.now() - startedAt).toBeLessThan(3_500)
    expect(page.text).toContain('Heroku has not answered within two seconds.')
  })

  test('are named without releases when Heroku does not let us see them', async () => {
    const h = await startWithAddon({ simulator: { grantReleases: false } })
    const browser = await signedIn(h, { addon: h.addon.name })
    const page = await browser.get(browser.base)
    expect(page.text).toContain('service-1')
    expect(page.text).toContain('Release not visible to securekey')
  })
})

describe('history and audit trail', () => {
  test('go back page by page to the first entry', async () => {
    const h = await startWithAddon()
    const actor = { type: 'worker' } as const
    const events = Array.from({ length: 60 }, (_, n): AuditEvent => {
      const details = { number: `no. ${n}.` }
      return { resourceId: h.addon.id, at: h.deps.now(), actor, action: 'config-differs', details }
    })
    await insertAuditEvents(h.deps.db, events)
    const browser = await signedIn(h, { addon: h.addon.name })
    let path = `${browser.base}/audit`
    let text = ''
    for (let pages = 0; path !== '' && pages < 9; pages += 1) {
      const page = await browser.get(path)
      text += page.text
      path = /rel="next" href="([^"]+)"/.exec(page.text)?.[1] ?? ''
    }
    for (let n = 0; n < 60; n += 1) expect(text.split(`no. ${n}.`)).toHaveLength(2)
    expect(text).toContain('Add-on created')
  })

  test('a cursor that is none is the first page', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    expect((await browser.get(`${browser.base}/audit?before=1%20or%201`)).text).toContain('Signed in')
    expect((await browser.get(`${browser.base}/history?before=`)).status).toBe(200)
  })
})

describe('the audit trail as a file', () => {
  test('holds every event, more than one batch of them, and that it was taken', async () => {
    const h = await startWithAddon()
    const actor = { type: 'worker' } as const
    const event: AuditEvent = { resourceId: h.addon.id, at: h.deps.now(), actor, action: 'config-differs' }
    for (let n = 0; n < 3; n += 1) await insertAuditEvents(h.deps.db, Array(400).fill(event))
    const browser = await signedIn(h, { addon: h.addon.name })
    const lines = (await browser.get(`${browser.base}/audit.jsonl`)).text.trimEnd().split('\n')
    const actions = lines.map((line) => JSON.parse(line).action)
    expect(actions.slice(0, 2)).toEqual(['audit-downloaded', 'dashboard-signed-in'])
    expect(actions.filter((action) => action === 'config-differs')).toHaveLength(1_200)
    expect(actions.at(-1)).toBe('resource-provisioned')
    const csv = await browser.get(`${browser.base}/audit.csv`)
    expect(csv.headers.get('content-disposition')).toMatch(/^attachment; filename="securekey-audit-.*\.csv"$/)
    expect(csv.text.split('\r\n')).toHaveLength(1 + lines.length + 1 + 1)
  })

  test.each(['=1+1', '+1', '-1', '@x', '\tx', '\rx'])('takes %j for text in a spreadsheet', (email) => {
    const actor = { type: 'person', userId: 'u', email, verified: true, address: null } as const
    const line = csvLines([{ resourceId: 'r', at: new Date(0), actor, action: 'key-revealed' }])
    expect(line).toContain(`,"'${email}",`)
  })

  test('quotes what needs quoting', () => {
    const details = { reason: 'a "b", c\nd' }
    const actor = { type: 'heroku' } as const
    const line = csvLines([{ resourceId: 'r', at: new Date(0), actor, action: 'schedule-paused', details }])
    expect(line).toContain('"{""reason"":""a \\""b\\"", c\\nd""}"')
  })
})
