import type { SimulatorOptions } from '../../simulator/src/options.ts'
import type { AddonView } from '../../simulator/src/view.ts'
import type { Harness, HarnessOptions } from './harness.ts'

type LegacyOptions = HarnessOptions & Pick<SimulatorOptions, 'legacyIds' | 'legacyGrants'>

/** A harness over the legacy partner API, on both sides. */
export function overLegacyApi({ legacyIds, legacyGrants, ...options }: LegacyOptions = {}): HarnessOptions {
  return {
    ...options,
    env: { PARTNER_API: 'v1', ...options.env },
    simulator: {
      partnerApi: 'v1',
      ...(legacyIds && { legacyIds }),
      ...(legacyGrants !== undefined && { legacyGrants }),
      ...options.simulator,
    },
  }
}

/** An add-on at Heroku, and its id here. */
export type LegacyAddon = AddonView & { resourceId: string }

let apps = 0

/** A new app that has the add-on. */
export async function addLegacyAddon(
  { heroku }: Pick<Harness, 'heroku'>,
  options: Record<string, string> = {},
): Promise<LegacyAddon> {
  apps += 1
  const app = `legacy-${apps}`
  await heroku.customer.createApp(app)
  const addon = await heroku.customer.createAddon({ app, plan: 'fortnightly', options })
  if (addon.providerId === null) throw new Error('the add-on was not provisioned')
  return { ...addon, resourceId: addon.providerId }
}

/** The pairs that the service put at Heroku's legacy API for an add-on, in their order. */
export function legacyPushes({ heroku }: Pick<Harness, 'heroku'>, addon: AddonView): string[] {
  return heroku.view
    .apiCalls()
    .filter((call) => call.method === 'PUT' && call.addonId === addon.id)
    .map((call) => call.config?.SECURE_KEY ?? '')
}

/** Puts a config at Heroku as somebody else who has the add-on's password. */
export async function putConfig(
  { heroku, config }: Pick<Harness, 'heroku' | 'config'>,
  addon: AddonView,
  vars: Record<string, string>,
): Promise<number> {
  const authorization = `Basic ${Buffer.from(`securekey:${config.addonPassword}`).toString('base64')}`
  const headers = { authorization, 'content-type': 'application/json' }
  const body = JSON.stringify({ config: vars })
  const answer = await fetch(`${heroku.url}/vendor/apps/${addon.id}`, { method: 'PUT', headers, body })
  return answer.status
}
