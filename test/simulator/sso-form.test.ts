import { describe, expect, test } from 'vitest'
import { resourceToken, userScopedToken } from '../../simulator/src/sso-token.ts'
import { MINUTE } from './support/fake-clock.ts'
import { startWithAddon } from './support/start-heroku.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const SALT = '2f97bfa52ca102f8874716e2eb1d3b4920ad0be4'

describe('SSO tokens equal the published vectors', () => {
  test.each([
    ['123', SALT, '1267597772', 'bb466eb1d6bc345d11072c3cd25c311f21be130d'],
    ['123', 'salty', '567', '8bcafa70e186a8f9b85a1c93f3b6b0507748ec7a'],
    ['1', 'SSO_SALT', '1262304000', 'b6010f6fbb850887a396c2bc0ab23974003008f6'],
    [RESOURCE, SALT, '1267597772', '7659cc00fc08ff8b7bb76cd8c9762bcf528b4173'],
  ])('sha1 of %s:%s:%s', (id, salt, timestamp, digest) => {
    expect(resourceToken(id, salt, timestamp)).toBe(digest)
  })

  test('sha256 with the user', () => {
    const user = ['33500732-3b64-436f-9710-64cc569c3e4f', 'username@example.com'] as const
    expect(userScopedToken(RESOURCE, SALT, '1267597772', ...user)).toBe(
      'ee7659f69f3768cb6a302efd524686569fd7055352d286bc8643e54c4fab4442',
    )
  })
})

describe('the SSO form', () => {
  test('has all eleven fields, signed for the user and the present moment', async () => {
    const { simulator, service, addon, clock } = await startWithAddon()
    const { url, fields } = simulator.customer.ssoForm({
      addon: addon.name,
      userId: 'u-1',
      email: 'a@b.example',
    })
    const timestamp = String(clock.now().getTime() / 1000)
    expect(url).toBe(`${service.url}/heroku/sso`)
    expect(fields).toEqual({
      resource_id: addon.id,
      resource_token: resourceToken(addon.id, SALT, timestamp),
      user_scoped_resource_token: userScopedToken(addon.id, SALT, timestamp, 'u-1', 'a@b.example'),
      timestamp,
      user_id: 'u-1',
      email: 'a@b.example',
      app: 'service-1',
      context_app: 'service-1',
      id: addon.id,
      token: resourceToken(addon.id, SALT, timestamp),
      'nav-data': expect.any(String),
    })
  })

  test('tells the app from which it is opened apart from the one that is billed', async () => {
    const { simulator, addon } = await startWithAddon()
    await simulator.customer.createApp('service-2')
    const { fields } = simulator.customer.ssoForm({ addon: addon.name, app: 'service-2' })
    expect(fields).toMatchObject({ app: 'service-1', context_app: 'service-2' })
  })

  test('can be signed for another time, spoilt in one field, or lack one', async () => {
    const { simulator, addon, clock } = await startWithAddon()
    const at = new Date(clock.now().getTime() - 6 * MINUTE)
    const tamper = { token: 'wrong', user_scoped_resource_token: null }
    const { fields } = simulator.customer.ssoForm({ addon: addon.name, at, tamper })
    expect(fields.timestamp).toBe(String(at.getTime() / 1000))
    expect(fields.token).toBe('wrong')
    expect(fields).not.toHaveProperty('user_scoped_resource_token')
    expect(fields.resource_token).toBe(resourceToken(addon.id, SALT, fields.timestamp ?? ''))
  })

  test('can be made for an add-on that is gone', async () => {
    const { simulator, addon } = await startWithAddon()
    await simulator.customer.destroy({ addon: addon.name })
    expect(simulator.customer.ssoForm({ addon: addon.id }).fields.resource_id).toBe(addon.id)
  })
})
