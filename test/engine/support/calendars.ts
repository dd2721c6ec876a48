import { parseWindows, type Window } from '../../../src/domain/windows.ts'
import { addFreeze, removeFreeze } from '../../../src/flows/dashboard/freezes.ts'
import { setWindows } from '../../../src/flows/dashboard/set-windows.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import { stateOf } from '../../support/resource.ts'

const actor = { type: 'operator' } as const

/** The windows of a text. */
export function windowsOf(text: string): Window[] {
  const read = parseWindows(text)
  if ('problem' in read) throw new Error(read.problem)
  return read.windows
}

/** Windows that serve every plan, and some that do not. */
export const WINDOW_TEXTS = [
  'any',
  'daily 09:00-11:00 Europe/Berlin',
  'daily 23:30-00:30 Australia/Lord_Howe',
  'tue-thu 09:00-12:00 Europe/Berlin; sat 22:00-02:00 America/New_York',
]

/** Sets windows, where they serve the plan. */
export async function window(deps: Deps, resourceId: string, text: string): Promise<void> {
  const windows = windowsOf(text)
  await setWindows(deps, { resourceId, actor, windows }).catch((error: { code?: string }) => {
    if (error.code !== 'invalid-option') throw error
  })
}

/** Freezes from now on, for so long. */
export async function freeze(deps: Deps, resourceId: string, ms: number): Promise<void> {
  const clock = (at: Date) => at.toISOString().slice(0, 16)
  const now = deps.now()
  const until = clock(new Date(now.getTime() + ms))
  await addFreeze(deps, {
    resourceId,
    actor,
    freeze: { from: clock(now), until, zone: 'UTC', reason: 'sale' },
  })
}

/** Ends all freezes. */
export async function thaw(deps: Deps, resourceId: string): Promise<void> {
  const { calendar } = await stateOf(deps, resourceId)
  for (const { id } of calendar.freezes) await removeFreeze(deps, { resourceId, actor, id })
}
