import type { SimulatorOptions } from '../simulator/src/options.ts'
import { ADDON, type Config } from '../src/config.ts'

/** The add-on as the simulated Heroku knows it: what the manifest, the portal and the service agree upon. */
export function simulatedAddon(config: Config): SimulatorOptions['addon'] {
  return {
    id: ADDON.id,
    configVars: [ADDON.configVar],
    prefix: ADDON.configVarsPrefix,
    baseUrl: `${config.addonUrl}/heroku/resources`,
    ssoUrl: `${config.addonUrl}/sso/login`,
    password: config.addonPassword,
    ssoSalt: config.addonSsoSalt,
    clientSecret: config.addonClientSecret,
    plans: config.plans.map((plan) => plan.name),
  }
}
