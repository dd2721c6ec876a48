import { listCursors, type StoredCursor } from '../../../src/store/notice-cursors.ts'
import type { HarnessWithAddon } from '../../support/addon.ts'

export const ANN = {
  type: 'person',
  userId: 'u',
  email: 'ann@example.com',
  verified: true,
  address: null,
} as const

/** One tick, and all that is told after it. */
export async function tell({ worker1 }: Pick<HarnessWithAddon, 'worker1'>): Promise<void> {
  await worker1.tick()
  await worker1.idle()
}

/** The lines that the service wrote into logs of apps, oldest first. */
export function linesOf({ heroku }: Pick<HarnessWithAddon, 'heroku'>): string[] {
  return heroku.view.logs().map(({ text }) => text)
}

/** The targets of the add-on. */
export async function cursorsOf({
  deps,
  addon,
}: Pick<HarnessWithAddon, 'deps' | 'addon'>): Promise<StoredCursor[]> {
  return await listCursors(deps.db, addon.id)
}
