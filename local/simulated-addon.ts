import manifest from '../addon-manifest.json' with { type: 'json' }
import { type AddonOptions, addonFromManifest } from '../simulator/src/index.ts'
import type { Settings } from '../src/bin/observe.ts'

/** The add-on as the simulated Heroku knows it: our manifest, and the service's settings for what the portal adds. */
export function simulatedAddon(settings: Settings): AddonOptions {
  return addonFromManifest(manifest, {
    clientSecret: settings.addonClientSecret ?? '',
    password: settings.addonPassword,
    ssoSalt: settings.addonSsoSalt,
    plans: settings.plans.map((plan) => plan.name),
    serviceUrl: settings.addonUrl,
  })
}
