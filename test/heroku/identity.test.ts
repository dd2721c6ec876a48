import { describe, expect, test } from 'vitest'
import { createIdentity } from '../../src/heroku/identity.ts'
import { type Answer, callTo, json, startTinyServer } from './support/tiny-server.ts'

const SECRET = 'client & secret=1'
const FULL = {
  access_token: 'HRKU-access',
  refresh_token: 'refresh',
  expires_in: 28_799,
  token_type: 'Bearer',
  user_id: 'u',
  session_nonce: null,
}
const TOKENS = { accessToken: 'HRKU-access', refreshToken: 'refresh', expiresInSeconds: 28_799 }

async function startIdentity(answer: Answer) {
  const { url, received } = await startTinyServer(answer)
  return { identity: createIdentity(callTo(url), SECRET), received }
}

test('a grant code is exchanged by a form body, so that no secret stands in an address', async () => {
  const { identity, received } = await startIdentity(json(FULL))
  expect(await identity.exchangeGrant('the-code')).toEqual({ ok: true, value: TOKENS })
  expect(received).toHaveLength(1)
  expect(received[0]).toMatchObject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(Object.fromEntries(new URLSearchParams(received[0]?.body))).toEqual({
    grant_type: 'authorization_code',
    code: 'the-code',
    client_secret: SECRET,
  })
})

test('a refresh sends the refresh token and the client secret, by a form body too', async () => {
  const { identity, received } = await startIdentity(json(FULL))
  await identity.refresh('the refresh token')
  expect(received[0]?.url).toBe('/oauth/token')
  expect(Object.fromEntries(new URLSearchParams(received[0]?.body))).toEqual({
    grant_type: 'refresh_token',
    refresh_token: 'the refresh token',
    client_secret: SECRET,
  })
})

test('a refresh that is answered by 201 is a success', async () => {
  const { identity } = await startIdentity(json({ ...FULL, expires_in: 7_199 }, 201))
  expect(await identity.refresh('refresh')).toEqual({
    ok: true,
    value: { ...TOKENS, expiresInSeconds: 7_199 },
  })
})

describe('an answer', () => {
  test.each([
    ['without a refresh token', { refresh_token: undefined }],
    ['with a null refresh token', { refresh_token: null }],
    ['with an empty refresh token', { refresh_token: '' }],
  ])('%s holds none, so that the old one is kept', async (_what, more) => {
    const { identity } = await startIdentity(json({ ...FULL, ...more }))
    expect(await identity.refresh('refresh')).toEqual({ ok: true, value: { ...TOKENS, refreshToken: null } })
  })

  test.each([undefined, null, 0, -1, 'soon', {}, 1e18])(
    'whose expires_in is %o counts for eight hours',
    async (expiresIn) => {
      const { identity } = await startIdentity(json({ ...FULL, expires_in: expiresIn }))
      expect(await identity.refresh('refresh')).toMatchObject({ value: { expiresInSeconds: 28_800 } })
    },
  )

  test('whose expires_in is a text is read as a number', async () => {
    const { identity } = await startIdentity(json({ ...FULL, expires_in: '3600' }))
    expect(await identity.refresh('refresh')).toMatchObject({ value: { expiresInSeconds: 3_600 } })
  })

  test.each([
    [{ ...FULL, access_token: undefined }],
    [{ ...FULL, access_token: 7 }],
    [{ ...FULL, access_token: '' }],
    [null],
    [[]],
    ['x'],
  ])('without an access token is no answer: %#', async (body) => {
    const { identity } = await startIdentity(json(body))
    expect(await identity.refresh('refresh')).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
  })

  test('that refuses is told by its status, also when it is not JSON', async () => {
    const { identity } = await startIdentity((response) => response.writeHead(403).end('Account suspended'))
    expect(await identity.exchangeGrant('code')).toMatchObject({ failure: { kind: 'refused', status: 403 } })
  })
})
