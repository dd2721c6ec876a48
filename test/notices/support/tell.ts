import type { HarnessWithAddon } from '../../support/addon.ts'

/** One tick, and all that is told after it. */
export async function tell({ worker1 }: Pick<HarnessWithAddon, 'worker1'>): Promise<void> {
  await worker1.tick()
  await worker1.idle()
}

/** The lines that the service wrote into logs of apps, oldest first. */
export function linesOf({ heroku }: Pick<HarnessWithAddon, 'heroku'>): string[] {
  return heroku.view.logs().map(({ text }) => text)
}
