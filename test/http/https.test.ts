import { describe, expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { createBrowser } from '../support/browser.ts'
import { startHarness } from '../support/harness.ts'
import { callPartnerApi, HEADERS, provisionBody } from './support/partner-call.ts'
import { sendRaw } from './support/send-raw.ts'

const ADDON_URL = 'https://securekey.example.com'
const HTTP = { 'x-forwarded-proto': 'http' }

describe('a request that came to the router by plain http', () => {
  test('is refused by the provisioning API, whatever its password', async () => {
    const h = await startHarness({ env: { ADDON_URL } })
    const answer = await callPartnerApi(h.app, { method: 'POST', body: provisionBody(), headers: HTTP })
    expect(answer).toMatchObject({ status: 403, json: { id: 'plain-http' } })
    expect(h.logLines.join('')).toContain('"kind":"plain-http"')
  })

  test('makes no session, and leaves the sign-on to be used by https', async () => {
    const h = await startWithAddon({ env: { ADDON_URL } })
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    const browser = createBrowser(h)
    const refused = await browser.post('/sso/login', fields, HTTP)
    expect(refused.status).toBe(403)
    expect(refused.headers.getSetCookie()).toEqual([])
    expect((await browser.post('/sso/login', fields, { 'x-forwarded-proto': 'https' })).status).toBe(302)
  })

  test('for a page is sent to the same page by https', async () => {
    const h = await startHarness({ env: { ADDON_URL } })
    const url = '/dashboard/8d3f2b6e-0000-4000-8000-000000000000/history?before=3'
    const answer = await h.app.inject({ url, headers: HTTP })
    expect(answer.statusCode).toBe(301)
    expect(answer.headers.location).toBe(`${ADDON_URL}${url}`)
  })

  test('is told by what the router says last, not by what its client said', async () => {
    const h = await startHarness({ env: { ADDON_URL } })
    const call = (proto: string) =>
      callPartnerApi(h.app, {
        method: 'POST',
        body: provisionBody(),
        headers: { 'x-forwarded-proto': proto },
      })
    expect((await call('https, http')).status).toBe(403)
    expect((await call('http, https')).status).toBe(200)
    expect((await call('HTTP')).status).toBe(403)
  })

  test.each(['/healthz', '/readyz'])('may still ask %s', async (url) => {
    const h = await startHarness({ env: { ADDON_URL } })
    expect((await h.app.inject({ url, headers: HTTP })).statusCode).toBe(200)
  })

  test('is nothing special where the service is reached by http, on one machine', async () => {
    const h = await startHarness()
    const answer = await callPartnerApi(h.app, { method: 'POST', body: provisionBody(), headers: HTTP })
    expect(answer.status).toBe(200)
  })
})

describe('every answer', () => {
  const requests = [
    ['a provision', { method: 'POST', url: '/heroku/resources', headers: HEADERS, payload: provisionBody() }],
    ['a refused password', { method: 'POST', url: '/heroku/resources' }],
    ['a refused sign-on', { method: 'POST', url: '/sso/login' }],
    ['a page', { method: 'GET', url: '/dashboard' }],
    ['health', { method: 'GET', url: '/healthz' }],
    ['nothing at this address', { method: 'GET', url: '/nowhere' }],
    ['an address that cannot be read', { method: 'GET', url: '/%' }],
    ['plain http', { method: 'POST', url: '/heroku/resources', headers: HTTP }],
  ] as const

  test.each(requests)(
    'is kept by nothing on the way and taken for nothing else: %s',
    async (_what, request) => {
      const h = await startHarness({ env: { ADDON_URL } })
      const { headers } = await h.app.inject({ ...request })
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'strict-transport-security': 'max-age=31536000',
      })
    },
  )

  test.each([
    ['what is no request', 'HELLO\r\n', 400],
    ['a method that there is not', 'FOO /healthz HTTP/1.1\r\nHost: x\r\n', 400],
    ['a header without an end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n`, 431],
  ])(
    'has the same headers and the same form where nothing could be read: %s',
    async (_what, head, status) => {
      const h = await startHarness({ env: { ADDON_URL } })
      const answer = await sendRaw(h.url, head)
      expect(answer).toContain(`HTTP/1.1 ${status} `)
      for (const header of [
        'cache-control: no-store',
        'x-content-type-options: nosniff',
        'max-age=31536000',
      ]) {
        expect(answer).toContain(header)
      }
      expect(answer).toContain('{"id":"malformed-request","message":"The request is malformed."}')
    },
  )

  test('asks for https only where there is https', async () => {
    const h = await startHarness()
    const { headers } = await h.app.inject({ url: '/dashboard' })
    expect(headers).not.toHaveProperty('strict-transport-security')
  })

  test('to TRACE is that there is no such thing', async () => {
    const h = await startHarness()
    const answer = await h.app.inject({ method: 'TRACE' as 'GET', url: '/dashboard' })
    expect(answer.statusCode).toBe(404)
  })

  test('of a file of the pages is asked for again each time', async () => {
    const h = await startHarness()
    const { headers, statusCode } = await h.app.inject({ url: '/dashboard/assets/base.css' })
    expect(statusCode).toBe(200)
    expect(headers['cache-control']).toBe('no-cache')
  })
})
