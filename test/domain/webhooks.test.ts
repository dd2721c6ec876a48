import { expect, test } from 'vitest'
import { judgeWebhookAnswer } from '../../src/domain/notices/webhook-answer.ts'
import {
  OVERLAP_MS,
  replacedSecret,
  signingSecrets,
  webhookSecret,
} from '../../src/domain/notices/webhook-secret.ts'
import { parseWebhookUrl } from '../../src/domain/notices/webhook-url.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const urlOf = (text: string, local = false) => {
  const parsed = parseWebhookUrl(text, { local })
  return 'problem' in parsed ? parsed.problem : parsed.url
}
const shownOf = (text: string) => {
  const parsed = parseWebhookUrl(text, { local: false })
  return 'problem' in parsed ? parsed.problem : parsed.shown
}

test('a URL is https on port 443 of a public name, and is kept in one form', () => {
  expect(urlOf(' https://Hooks.Example.com:443/a?b=c ')).toBe('https://hooks.example.com/a?b=c')
  expect(urlOf('https://bücher.example.com')).toBe('https://xn--bcher-kva.example.com/')
  expect(urlOf('https://xn--bcher-kva.example.com/')).toBe('https://xn--bcher-kva.example.com/')
})

test.each([
  ['', 'cannot be read'],
  ['hooks.example.com', 'cannot be read'],
  ['https://', 'cannot be read'],
  ['https:\\\\hooks.example.com', 'cannot be read'],
  ['https://hooks.example.com/a\tb', 'cannot be seen'],
  ['https://hooks.exa\u00admple.com/', 'cannot be seen'],
  ['http://hooks.example.com/', 'must begin with https://'],
  ['ftp://hooks.example.com/', 'must begin with https://'],
  ['file:///etc/passwd', 'must begin with https://'],
  ['https://ann:secret@hooks.example.com/', 'a user or a password'],
  ['https://@hooks.example.com/#x', 'must not hold a #'],
  ['https://hooks.example.com:8443/', 'must use port 443'],
  ['https://hooks.example.com:22/', 'must use port 443'],
  ['https://127.0.0.1/', 'not an IP address'],
  ['https://2130706433/', 'not an IP address'],
  ['https://0x7f.1/', 'not an IP address'],
  ['https://0177.0.0.1/', 'not an IP address'],
  ['https://１２７.0.0.1/', 'not an IP address'],
  ['https://169.254.169.254./', 'not an IP address'],
  ['https://8.8.8.8/', 'not an IP address'],
  ['https://[::1]/', 'not an IP address'],
  ['https://[::ffff:169.254.169.254]/', 'not an IP address'],
  ['https://hooks.example.com./', 'a dot behind'],
  ['https://localhost/', 'public'],
  ['https://metadata/', 'public'],
  ['https://ⓛocalhost/', 'public'],
  ['https://a.localhost/', 'public'],
  ['https://metadata.google.internal/', 'public'],
  ['https://printer.local/', 'public'],
  [`https://hooks.example.com/${'a'.repeat(1_000)}`, 'longer than 1000'],
])('the URL %j is refused: %s', (text, words) => {
  expect(urlOf(text)).toContain(words)
})

test('on one machine 127.0.0.1 is allowed on every port and by http, and nothing else is', () => {
  expect(urlOf('http://127.0.0.1:4000/a', true)).toBe('http://127.0.0.1:4000/a')
  expect(urlOf('https://127.0.0.1:4000/a', true)).toBe('https://127.0.0.1:4000/a')
  for (const text of ['http://localhost:4000', 'http://127.0.0.2/', 'http://[::1]/', 'https://10.0.0.1/']) {
    expect(urlOf(text, true), text).toMatch(/^must/)
  }
  expect(urlOf('http://ann:x@127.0.0.1:4000/', true)).toMatch(/^must not hold a user/)
})

test('of a URL neither the query nor a long part of the path is shown', () => {
  expect(shownOf('https://hooks.example.com/securekey')).toBe('https://hooks.example.com/securekey')
  expect(shownOf('https://hooks.example.com/a?token=secret')).toBe('https://hooks.example.com/a?…')
  expect(shownOf('https://hooks.example.com/services/T0123456/abcdefghijklmnopqrstuvwx')).toBe(
    'https://hooks.example.com/services/T0123456/abcd…',
  )
  expect(shownOf(`https://hooks.example.com/${'a/'.repeat(400)}`)).toHaveLength(200)
})

test('a replaced secret signs for a day beside the new one, and never two before it', () => {
  const [a, b, c] = [1, 2, 3].map((byte) => webhookSecret(Buffer.alloc(32, byte))) as [string, string, string]
  const replaced = replacedSecret({ secret: a, former: null }, b, NOW)
  expect(a).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(signingSecrets(replaced, NOW)).toEqual([b, a])
  expect(signingSecrets(replaced, new Date(NOW.getTime() + OVERLAP_MS - 1))).toEqual([b, a])
  expect(signingSecrets(replaced, new Date(NOW.getTime() + OVERLAP_MS))).toEqual([b])
  expect(signingSecrets(replacedSecret(replaced, c, NOW), NOW)).toEqual([c, b])
})

const answered = (status: number, more: { retryAfter?: string; location?: string } = {}) =>
  judgeWebhookAnswer({ status, ms: 5, retryAfter: null, location: null, ...more }, NOW)

test('2xx is told, 410 ends it, and all else is tried again', () => {
  expect([200, 202, 204, 299].map((status) => answered(status).told)).toEqual([true, true, true, true])
  expect(
    [100, 300, 302, 304, 400, 401, 404, 410, 429, 500, 503].some((status) => answered(status).told),
  ).toBe(false)
  expect(answered(410)).toMatchObject({ gone: true })
  expect(answered(404)).toEqual({ told: false, words: 'answered 404' })
})

test('a redirect is told with the origin that it leads to, and no more of it', () => {
  const to = (location: string) => answered(302, { location }).words
  expect(to('http://169.254.169.254/latest/secret?x=y')).toBe(
    'answered 302, a redirect to http://169.254.169.254: none is followed',
  )
  for (const nowhere of ['/relative', 'javascript:alert(1)', '\u001b[31m', 'data:text/html,x']) {
    expect(to(nowhere)).toBe('answered 302, a redirect: none is followed')
  }
  expect(to(`https://${'a'.repeat(60)}.${'b'.repeat(60)}.example.com/`).length).toBeLessThan(170)
})

test('Retry-After counts for 429 and 503, in seconds or as a date, between half a minute and an hour', () => {
  const wait = (retryAfter: string, status = 503) => answered(status, { retryAfter }).retryAfterMs
  expect(wait('120')).toBe(120_000)
  expect(wait('120', 429)).toBe(120_000)
  expect(wait('Tue, 03 Mar 2026 12:10:00 GMT')).toBe(600_000)
  expect([wait('0'), wait('Tue, 03 Mar 2020 12:10:00 GMT')]).toEqual([30_000, 30_000])
  expect([wait('999999999'), wait('Tue, 03 Mar 2099 12:10:00 GMT')]).toEqual([3_600_000, 3_600_000])
  expect([wait('soon'), wait('-5'), wait('1e3'), wait('', 503)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect(wait('120', 500)).toBeUndefined()
})

test('what we stopped ourselves is no failure of the receiver', () => {
  expect(judgeWebhookAnswer({ trouble: 'stopped', ms: 1 }, NOW)).toMatchObject({ told: false, stopped: true })
  expect(judgeWebhookAnswer({ trouble: 'tls', ms: 1 }, NOW)).toEqual({
    told: false,
    words: 'its certificate is not trusted, or TLS failed',
  })
})
