/*
 * Prints addon-manifest.json with the secrets and the address of this service, ready to push:
 *
 *   mkdir ../push && node src/bin/print-manifest.ts > ../push/addon-manifest.json
 *   cd ../push && heroku addons:admin:manifest:push
 *
 * `--kensa` prints what Heroku's old checker accepts, with ADDON_URL as the address it tests.
 */
import manifest from '../../addon-manifest.json' with { type: 'json' }

const SETTINGS = ['ADDON_URL', 'ADDON_PASSWORD', 'ADDON_SSO_SALT'] as const

/** Newer regions make kensa fail ("Kensa 3.1.0", ManifestCheck). */
const REGIONS_OF_KENSA = ['us', 'eu']
/** Kensa wants every declared name in the provision answer, and this one is set later, if at all (ProvisionResponseCheck). */
const SET_LATER = ['SECURE_ENDPOINTS']

const forKensa = process.argv.includes('--kensa')
const missing = SETTINGS.filter((name) => !process.env[name]?.trim())
const [url, password, ssoSalt] = SETTINGS.map((name) => process.env[name]?.trim() ?? '')
const problem = missing.length > 0 ? `${missing.join(', ')} must be set.` : problemOfUrl(url ?? '')
if (problem) {
  console.error(`No manifest was printed: ${problem} See .env.example.`)
  process.exitCode = 1
} else {
  console.log(JSON.stringify(forKensa ? kensaManifest() : fullManifest(), undefined, 2))
}

function fullManifest() {
  return {
    ...manifest,
    api: { ...manifest.api, password, sso_salt: ssoSalt, production: at(manifest.api.production) },
  }
}

function kensaManifest() {
  const full = fullManifest()
  // kensa wants https in `production`, and calls only `test`.
  const production = url?.startsWith('https:') ? full.api.production : manifest.api.production
  const configVars = full.api.config_vars.filter((name) => !SET_LATER.includes(name))
  return {
    ...full,
    api: {
      ...full.api,
      config_vars: configVars,
      regions: REGIONS_OF_KENSA,
      production,
      test: at(manifest.api.test),
    },
  }
}

/** The same two paths, on our address. */
function at(urls: { base_url: string; sso_url: string }): typeof urls {
  const moved = (text: string) => `${url?.replace(/\/+$/, '')}${new URL(text).pathname}`
  return { base_url: moved(urls.base_url), sso_url: moved(urls.sso_url) }
}

function problemOfUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'ADDON_URL must be a URL.'
  if (!forKensa && new URL(text).protocol !== 'https:')
    return 'ADDON_URL must be https: Heroku calls no other.'
  return undefined
}
