import type { Simulator } from '../simulator/src/index.ts'
import type { Observer } from '../src/bin/observe.ts'

export const SERVICE_1 = 'service-1'
export const SERVICE_2 = 'service-2'
export const PLAN = 'fortnightly'
export const ATTACHMENT = 'SERVICE_ONE_SECURE'

/** The example app runs in two processes. */
const FORMATIONS = { [SERVICE_1]: { web: 2 }, [SERVICE_2]: { web: 1 } } as const

type Parties = { simulator: Simulator; observer: Observer }

/**
 * Two apps that share one add-on: what is there from an earlier run is found, what is missing is made. Returns the
 * add-on's id.
 */
export async function ensureScenario({ simulator, observer }: Parties): Promise<string> {
  const { customer, view } = simulator
  await ensureApps(simulator)

  let addon = view.addons().find(({ app }) => app === SERVICE_1)
  if (addon && !(await observer.isProvisioned(addon.id))) {
    // Cut off in the middle of being made or destroyed: the service answers 410 or 404, and it goes here too.
    await customer.destroy({ addon: addon.id })
    addon = undefined
  }
  addon ??= await customer.createAddon({ app: SERVICE_1, plan: PLAN })

  const attached = view.attachments(addon.id).some(({ app }) => app === SERVICE_2)
  if (!attached) await customer.attach({ addon: addon.id, app: SERVICE_2, as: ATTACHMENT })
  return addon.id
}

/** The two apps, with the processes that they should have. */
export async function ensureApps({ customer, view }: Simulator): Promise<void> {
  const apps = new Set(view.apps().map(({ name }) => name))
  for (const [name, formation] of Object.entries(FORMATIONS)) {
    if (apps.has(name)) await customer.scale(name, formation)
    else await customer.createApp(name, { formation })
  }
}
