import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../../src/bin/print-manifest.ts', import.meta.url))
const SECRETS = { ADDON_PASSWORD: 'password-for-the-test', ADDON_SSO_SALT: 'salt-for-the-test' }

test('the printed manifest holds the secrets and the address, and says what the add-on needs', async () => {
  const { code, stdout } = await print([], { ...SECRETS, ADDON_URL: 'https://keys.example.com/' })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    id: 'securekey',
    api: {
      version: '3',
      config_vars: ['SECURE_KEY', 'SECURE_KEYRING', 'SECURE_ENDPOINTS'],
      config_vars_prefix: 'SECURE',
      requires: ['attachable', 'many_per_app', 'log_input'],
      password: 'password-for-the-test',
      sso_salt: 'salt-for-the-test',
      production: {
        base_url: 'https://keys.example.com/heroku/resources',
        sso_url: 'https://keys.example.com/sso/login',
      },
    },
  })
})

test.each(['ADDON_PASSWORD', 'ADDON_SSO_SALT', 'ADDON_URL'])(
  'without %s nothing is printed',
  async (name) => {
    const settings = { ...SECRETS, ADDON_URL: 'https://keys.example.com', [name]: '' }
    const { code, stdout, stderr } = await print([], settings)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(`${name} must be set`)
  },
)

test('a production address without TLS is refused', async () => {
  const { code, stderr } = await print([], { ...SECRETS, ADDON_URL: 'http://localhost:5000' })
  expect(code).toBe(1)
  expect(stderr).toContain('must be https')
})

test('the variant for kensa tests the given address, and names the regions that kensa knows and what each answer sets', async () => {
  const { stdout } = await print(['--kensa'], { ...SECRETS, ADDON_URL: 'http://127.0.0.1:5000' })
  const { api } = JSON.parse(stdout)
  expect(api.regions).toEqual(['us', 'eu'])
  expect(api.config_vars).toEqual(['SECURE_KEY', 'SECURE_KEYRING'])
  expect(api.test).toEqual({
    base_url: 'http://127.0.0.1:5000/heroku/resources',
    sso_url: 'http://127.0.0.1:5000/sso/login',
  })
  expect(api.production.base_url).toMatch(/^https:/)
  expect(api.production.sso_url).toMatch(/^https:/)
})

function print(args: string[], env: Record<string, string>) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}
