import { expect } from 'vitest'
import { listCursors, type StoredCursor } from '../../../src/store/notice-cursors.ts'
import { callsTo, type HarnessWithAddon } from '../../support/addon.ts'
import type { Harness } from '../../support/harness.ts'

let apps = 0

/** Another app with the add-on, in a harness that a file shares; its grant is exchanged. */
export async function addAddon(
  harness: Harness,
  input: { options?: Record<string, string>; generation?: 'fir' } = {},
): Promise<HarnessWithAddon> {
  const { options, ...made } = input
  apps += 1
  const { name: app } = await harness.heroku.customer.createApp(`told-${apps}`, made)
  const addon = await harness.heroku.customer.createAddon({
    app,
    plan: 'fortnightly',
    ...(options && { options }),
  })
  const exchanged = () =>
    harness.deps.db
      .selectFrom('oauth_tokens')
      .select('resource_id')
      .where('resource_id', '=', addon.id)
      .execute()
  await expect.poll(exchanged).toHaveLength(1)
  return { ...harness, addon, worker1: harness.worker() }
}

/** One tick, and all that is told after it. */
export async function tell({ worker1 }: Pick<HarnessWithAddon, 'worker1'>): Promise<void> {
  await worker1.tick()
  await worker1.idle()
}

/** The lines that the service wrote into the log of the add-on's app, oldest first. */
export function linesOf({ heroku, addon }: Pick<HarnessWithAddon, 'heroku' | 'addon'>): string[] {
  return heroku.view.logs().flatMap(({ addonId, text }) => (addonId === addon.id ? [text] : []))
}

/** The calls that were made for the add-on to a path of Heroku. */
export function callsOf(h: Pick<HarnessWithAddon, 'heroku' | 'addon'>, method: string, path: string) {
  return callsTo(h, method, path).filter(({ addonId }) => addonId === h.addon.id)
}

/** The log of the add-on, as a target. */
export async function cursorsOf({
  deps,
  addon,
}: Pick<HarnessWithAddon, 'deps' | 'addon'>): Promise<StoredCursor[]> {
  return await listCursors(deps.db, addon.id, 'log')
}
