import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import type { HistoryEvent, HistoryRow } from '../../src/domain/history.ts'
import { pauseRotation } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { csvLines, jsonLines } from '../../src/http/dashboard/history-files.ts'
import { historyLine } from '../../src/http/dashboard/present/history-words.ts'
import { recordEvents } from '../../src/store/history.ts'
import { type HarnessWithAddon, keysOn, startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'

describe('every page', () => {
  test('lets nothing in from elsewhere and is kept by nobody', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    for (const path of ['', '/rotations', '/history', '/privatelink', '/nowhere']) {
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

  test.each([
    'base.css',
    'parts.css',
    'forms.css',
    'timeline.css',
    'calendar.css',
    'programs.css',
    'dashboard.js',
    'key.svg',
  ])('finds %s, which is asked for again after a deployment', async (file) => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const url = `/dashboard/assets/${file}`
    const answer = await browser.get(url)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-cache')
    // Not by fetch, which asks past every cache when it is given this header.
    const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
    expect((await h.app.inject({ url, headers })).statusCode).toBe(304)
  })
})

describe('a key', () => {
  test('stands in no page before it is revealed, and then in the history by fingerprint', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name, email: 'ann@example.com' })
    const { first, second } = keysOn(h)
    const pages = await Promise.all(
      ['', '/rotations', '/history', '/history.csv', '/history.jsonl'].map((path) =>
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
    const event = (await historyOf(h.deps, h.addon.id)).at(-1)
    expect(event).toMatchObject({
      kind: 'key-revealed',
      key: { version: 2, fingerprint: fingerprint(first) },
      actor: { email: 'ann@example.com' },
    })
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

  test('have had the key since the release that attached it, at the first look after provisioning', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const { text } = await browser.get(browser.base)
    const { version } = h.heroku.view.app('service-1')
    expect(version).toBe(2)
    expect(text).toContain(`On the current key since release <strong>v${version}</strong>`)
  })

  test('that were rolled back to before the key are told as signing with the previous one', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    await h.heroku.customer.rollback('service-1', 2)
    const browser = await signedIn(h, { addon: h.addon.name })
    const { text } = await browser.get(browser.base)
    expect(text).toContain('Runs a release that signs with the previous key.')
    expect(text).not.toContain('On the current key')
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
    expect(page.text).toContain('Heroku did not answer in time. We can’t list the attached apps right now.')
    expect(page.text).toContain('every attached app')
  })

  test('never hold the page up: after two seconds it comes without them', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { path: 'addon-attachments' }, kind: 'hang' })
    const browser = await signedIn(h, { addon: h.addon.name })
    const page = await browser.get(browser.base)
    // When the call itself is given up, the page says something else.
    expect(page.text).toContain(
      'Heroku took longer than two seconds to answer, so we can’t list the attached apps right now.',
    )
  })

  test('are named without releases when Heroku does not let us see them', async () => {
    const h = await startWithAddon({ simulator: { grantReleases: false } })
    const browser = await signedIn(h, { addon: h.addon.name })
    const page = await browser.get(browser.base)
    expect(page.text).toContain('service-1')
    expect(page.text).toContain('Release not visible to securekey')
  })
})

/** Writes so many rows into the history, each with a number of its own. */
async function fillHistory({ deps, addon }: HarnessWithAddon, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n): HistoryEvent => {
    const details = { number: `no. ${n}.` }
    return { at: deps.now(), actor: { type: 'worker' }, kind: 'config-gone', details }
  })
  await deps.db.transaction().execute((trx) => recordEvents(trx, [{ resourceId: addon.id, events }]))
}

describe('rotations and history', () => {
  test('go back page by page to the first entry', async () => {
    const h = await startWithAddon()
    await fillHistory(h, 60)
    const browser = await signedIn(h, { addon: h.addon.name })
    let path = `${browser.base}/history`
    let text = ''
    for (let pages = 0; path !== '' && pages < 9; pages += 1) {
      const page = await browser.get(path)
      text += page.text
      path = /rel="next" href="([^"]+)"/.exec(page.text)?.[1] ?? ''
    }
    for (let n = 0; n < 60; n += 1) expect(text.split(`no. ${n}.`)).toHaveLength(2)
    expect(text).toContain('Add-on created')
  })

  test('tell the facts of an event in words, and its dates like all others', async () => {
    const h = await startWithAddon()
    const request = { resourceId: h.addon.id, actor: { type: 'operator' } } as const
    const until = new Date('2026-03-10T08:30:00Z')
    await pauseRotation(h.deps, { ...request, until, reason: 'a <b>big</b> sale, 2026' })
    await setGracePeriod(h.deps, { ...request, grace: { until: 'elapsed', ms: 2 * DAY } })
    await requestRotation(h.deps, request)
    await h.worker1.tick()
    const browser = await signedIn(h, { addon: h.addon.name })
    const text = (await browser.get(`${browser.base}/history`)).text.replaceAll(
      /<time datetime="[^"]*"[^>]*>/g,
      '[',
    )
    expect(text).toContain('until: [10 Mar, 08:30 UTC</time>, reason: a &lt;b&gt;big&lt;/b&gt; sale, 2026')
    expect(text).toContain('from: until the next rotation, to: 2d')
    expect(text).toMatch(/reason: manual, next rotation: \[[^<]+<\/time>, erased: version 1\s/)
  })

  test('a cursor that is none is the first page', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    expect((await browser.get(`${browser.base}/history?before=1%20or%201`)).text).toContain('Signed in')
    expect((await browser.get(`${browser.base}/rotations?before=`)).status).toBe(200)
  })
})

describe('the history as a file', () => {
  test('holds every event, more than one batch of them, and that it was taken', async () => {
    const h = await startWithAddon()
    await fillHistory(h, 1_200)
    const browser = await signedIn(h, { addon: h.addon.name })
    const lines = (await browser.get(`${browser.base}/history.jsonl`)).text.trimEnd().split('\n')
    const kinds = lines.map((line) => JSON.parse(line).kind)
    expect(kinds.slice(0, 2)).toEqual(['history-downloaded', 'signed-in'])
    expect(kinds.filter((kind) => kind === 'config-gone')).toHaveLength(1_200)
    expect(kinds.at(-1)).toBe('provisioned')
    const csv = await browser.get(`${browser.base}/history.csv`)
    expect(csv.headers.get('content-disposition')).toMatch(
      /^attachment; filename="securekey-history-.*\.csv"$/,
    )
    expect(csv.text.split('\r\n')).toHaveLength(1 + lines.length + 1 + 1)
  })

  test.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['\t=x', "'=x"],
    ['\r\n=x', "'=x"],
    ['\uff1dx', "'\uff1dx"],
    ['a;=1+1', "a;'=1+1"],
    ['a; @x', "a; '@x"],
    ['a\t-1', 'a -1'],
    ['a\u001b[31m;\u0000=x', "a;'=x"],
  ])('takes %j for text in a spreadsheet, whatever parts its cells', (email, safe) => {
    const actor = { type: 'person', userId: 'u', email, verified: true, address: null } as const
    const line = csvLines([{ seq: 1, at: new Date(0), actor, kind: 'key-revealed' }])
    expect(line).toContain(safe.includes("'") ? `,"${safe}",` : `,${safe},`)
  })

  test('quotes what needs quoting', () => {
    const details = { reason: 'a "b", c\nd' }
    const actor = { type: 'heroku' } as const
    const line = csvLines([{ seq: 1, at: new Date(0), actor, kind: 'schedule-paused', details }])
    expect(line).toContain('"{""reason"":""a \\""b\\"", c\\nd""}"')
  })
})

describe('a history row that this release did not write', () => {
  const row = { seq: 1, at: new Date(0), actor: { type: 'worker' } } as const

  test('of a kind that it does not know is shown by that kind, and its failure by what can be said', () => {
    const failures = [{ at: new Date(0), kind: 'teapot', detail: '' }]
    const other = { ...row, kind: 'keys-mirrored', failures } as unknown as HistoryRow
    const { what, details } = historyLine(other, new Date(0), 'minute')
    expect(what).toBe('keys-mirrored')
    expect(details).toEqual([{ words: 'last failure: An attempt failed', at: null }])
  })

  test('brings no control character into a file, in the names of its details neither', () => {
    const details = { 'a\u009b2J\u202eb': 'c\u009b2J\u202ed' }
    const text = jsonLines([{ ...row, kind: 'plan-changed', details }])
    expect(JSON.parse(text).details).toEqual({ ab: 'cd' })
  })
})
