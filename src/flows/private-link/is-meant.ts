import { isNamed } from '../../store/resource-names.ts'
import type { Deps } from '../deps.ts'

/** Whether a name in an address means the add-on whose token came with it. */
export async function isMeant(
  deps: Pick<Deps, 'db'>,
  { resourceId, addon }: { resourceId: string; addon: string },
): Promise<boolean> {
  return await isNamed(deps.db, resourceId, addon)
}
