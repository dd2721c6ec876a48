import type { Stack } from './stack.ts'

export const SERVICE_1 = 'service-1'
export const SERVICE_2 = 'service-2'
export const PLAN = 'fortnightly'
export const ATTACHMENT = 'SERVICE_ONE_SECURE'

/**
 * Two apps that share one add-on: what is there from an earlier run is found, what is missing is made. Returns the
 * add-on's id.
 */
export async function ensureScenario(stack: Pick<Stack, 'simulator' | 'observer'>): Promise<string> {
  const { customer, view } = stack.simulator
  const apps = new Set(view.apps().map(({ name }) => name))
  for (const name of [SERVICE_1, SERVICE_2]) if (!apps.has(name)) await customer.createApp(name)

  let addon = view.addons().find(({ app }) => app === SERVICE_1)
  if (addon && !(await stack.observer.isProvisioned(addon.id))) {
    // Cut off in the middle of being made or destroyed: the service answers 410 or 404, and it goes here too.
    await customer.destroy({ addon: addon.id })
    addon = undefined
  }
  addon ??= await customer.createAddon({ app: SERVICE_1, plan: PLAN })

  const attached = view.attachments(addon.id).some(({ app }) => app === SERVICE_2)
  if (!attached) await customer.attach({ addon: addon.id, app: SERVICE_2, as: ATTACHMENT })
  return addon.id
}
