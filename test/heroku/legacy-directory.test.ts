import { describe, expect, test } from 'vitest'
import { createLegacyDirectory } from '../../src/heroku/legacy-directory.ts'
import { type Answer, callTo, json, startTinyServer } from './support/tiny-server.ts'

const UUID = 'fc045862-3954-4869-80d3-0a69063f995f'
const BASIC = `Basic ${Buffer.from('securekey:the-password').toString('base64')}`

async function start(answer: Answer) {
  const { url, received } = await startTinyServer(answer)
  const options = { addonId: 'securekey', password: 'the-password', baseUrl: url }
  return { directory: createLegacyDirectory(callTo(url), options), received, url }
}

describe('the list of add-ons', () => {
  test('tells the id here, the id at Heroku and the name, as far as each is there', async () => {
    const { directory, received } = await start(
      json([
        {
          provider_id: 'A1',
          heroku_id: 'app1@heroku.com',
          resource: { uuid: UUID.toUpperCase(), name: 'solid-1' },
        },
        { provider_id: 7, callback_url: `https://api.heroku.com/vendor/apps/${UUID}` },
        { provider_id: 'a3', callback_url: 'https://api.heroku.com/vendor/apps/app3%40heroku.com' },
        { heroku_id: 'app4@heroku.com' },
        null,
      ]),
    )
    const listed = await directory.listApps()
    expect(listed).toEqual({
      ok: true,
      value: {
        apps: [
          { providerId: 'a1', addonUuid: UUID, name: 'solid-1' },
          { providerId: '7', addonUuid: UUID, name: null },
          { providerId: 'a3', addonUuid: null, name: null },
        ],
        next: null,
      },
    })
    expect(received).toMatchObject([{ url: '/vendor/apps', headers: { authorization: BASIC } }])
  })

  test('goes on where Heroku says that it does', async () => {
    const link = '</vendor/apps?offset=0>; rel="prev", </vendor/apps?offset=8000>; rel="next"'
    const { directory, received } = await start(json([], 200, { link }))
    const listed = await directory.listApps()
    expect(listed).toMatchObject({ value: { next: '/vendor/apps?offset=8000' } })
    await directory.listApps('/vendor/apps?offset=8000')
    expect(received.map(({ url }) => url)).toEqual(['/vendor/apps', '/vendor/apps?offset=8000'])
  })

  test.each([
    ['another host', '<https://evil.example/vendor/apps?offset=1>; rel="next"'],
    ['another path', '</vendor/resources?offset=1>; rel="next"'],
    ['nothing', '<>; rel="next"'],
    ['the page before', '</vendor/apps?offset=1>; rel="prev"'],
  ])('takes the password to no page that is %s', async (_what, link) => {
    const { directory } = await start(json([], 200, { link }))
    expect(await directory.listApps()).toMatchObject({ ok: true, value: { next: null } })
  })

  test('that is none is no empty list', async () => {
    const { directory } = await start(json({ error: 'no' }))
    expect(await directory.listApps()).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
  })
})

describe('a grant', () => {
  test.each([
    ['alone', { code: 'the-code', expires_at: 'soon' }],
    ['as a provision request has it', { oauth_grant: { code: 'the-code', expires_at: 'soon' } }],
  ])('is read %s', async (_how, body) => {
    const { directory, received } = await start(json(body))
    expect(await directory.grantFor(UUID)).toEqual({
      ok: true,
      value: { code: 'the-code', expiresAt: 'soon' },
    })
    expect(received).toMatchObject([{ method: 'GET', url: `/vendor/resources/${UUID}/oauth-grant` }])
  })

  test.each([
    ['none', { oauth_grant: null }],
    ['an empty one', { code: '' }],
    ['one that is no text', { code: 7 }],
    ['one far too long', { code: 'x'.repeat(501) }],
  ])('that is %s is not taken', async (_what, body) => {
    const { directory } = await start(json(body))
    expect(await directory.grantFor(UUID)).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
  })
})
