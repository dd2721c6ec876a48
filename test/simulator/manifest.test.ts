import { describe, expect, test } from 'vitest'
import ourManifest from '../../addon-manifest.json' with { type: 'json' }
import { addonFromManifest } from '../../simulator/src/index.ts'

const PORTAL = { clientSecret: 'the-client-secret' }
const MANIFEST = {
  id: 'fast-db',
  api: {
    config_vars: ['FAST_DB_URL', 'FAST_DB_CA'],
    password: 'manifest-password',
    sso_salt: 'manifest-salt',
    production: {
      base_url: 'https://db.example.com/heroku/resources',
      sso_url: 'https://db.example.com/sso',
    },
    test: { base_url: 'http://localhost:4567/heroku/resources', sso_url: 'http://localhost:4567/sso' },
  },
}
const withApi = (api: Record<string, unknown>) => ({ ...MANIFEST, api: { ...MANIFEST.api, ...api } })

describe('the add-on of a manifest', () => {
  test('is served at the test addresses, with the secrets of the manifest and the plan that every add-on has', () => {
    expect(addonFromManifest(MANIFEST, PORTAL)).toEqual({
      id: 'fast-db',
      prefix: 'FAST_DB',
      configVars: ['FAST_DB_URL', 'FAST_DB_CA'],
      baseUrl: 'http://localhost:4567/heroku/resources',
      ssoUrl: 'http://localhost:4567/sso',
      password: 'manifest-password',
      ssoSalt: 'manifest-salt',
      clientSecret: 'the-client-secret',
      plans: ['test'],
    })
  })

  test('is served at the production addresses where there are no others', () => {
    const { baseUrl, ssoUrl } = addonFromManifest(withApi({ test: undefined }), PORTAL)
    expect([baseUrl, ssoUrl]).toEqual([
      'https://db.example.com/heroku/resources',
      'https://db.example.com/sso',
    ])
  })

  test('gets from outside what a manifest without secrets lacks, and the address of today', () => {
    const addon = addonFromManifest(ourManifest, {
      ...PORTAL,
      password: 'p',
      ssoSalt: 's',
      plans: ['weekly'],
      serviceUrl: 'http://127.0.0.1:6000/',
    })
    expect(addon).toMatchObject({
      id: 'securekey',
      prefix: 'SECURE',
      configVars: ['SECURE_KEY', 'SECURE_KEYRING', 'SECURE_ENDPOINTS'],
      baseUrl: 'http://127.0.0.1:6000/heroku/resources',
      ssoUrl: 'http://127.0.0.1:6000/sso/login',
      password: 'p',
      ssoSalt: 's',
      plans: ['weekly'],
    })
  })

  test('has the path of the partner API added where it is missing, as Heroku does', () => {
    const urls = { base_url: 'http://localhost:4567/', sso_url: 'http://localhost:4567/sso' }
    expect(addonFromManifest(withApi({ test: urls }), PORTAL).baseUrl).toBe(
      'http://localhost:4567/heroku/resources',
    )
  })
})

test.each([
  ['no object', 'text', ['id is missing', 'api.config_vars names no config var']],
  ['no secrets', withApi({ password: '', sso_salt: undefined }), ['api.password is', 'api.sso_salt is']],
  ['a config var without the prefix', withApi({ config_vars: ['DB_URL'] }), ['"DB_URL" must be', 'FAST_DB_']],
  [
    'addresses that are none',
    withApi({ test: { base_url: 'x' } }),
    ['base_url is not', 'sso_url is missing'],
  ],
])('a manifest with %s is refused, with all that is wrong', (_title, manifest, problems) => {
  for (const problem of problems) expect(() => addonFromManifest(manifest, PORTAL)).toThrow(problem)
})
