import { createChangeWriter, type WriteChange } from '../../../src/flows/change-writer.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import { createGroupClaims, type Group, type Outcome } from '../../../src/flows/rotation/group.ts'
import { rotateGroup } from '../../../src/flows/rotation/rotate.ts'

/** Claims what is due and works on it as one group. `parts` stand in for those of a worker. */
export async function rotateClaims(
  deps: Deps,
  parts: Partial<Pick<Group, 'store' | 'write' | 'callSignal'>> = {},
): Promise<Outcome[]> {
  const group = await createGroupClaims(deps)(100)
  if (!group) throw new Error('nothing is due')
  const never = new AbortController().signal
  return await rotateGroup(deps, {
    ...group,
    closing: never,
    callSignal: never,
    run: (work) => work(),
    store: createChangeWriter(deps, 0),
    write: createChangeWriter(deps, 0),
    ...parts,
  })
}

/** A writer that waits for `count` changes, and whatever `meanwhile` does, before it writes them as one group. */
export function writerForAll(
  deps: Deps,
  count: number,
  meanwhile: () => Promise<unknown> = async () => {},
): WriteChange {
  const write = createChangeWriter(deps, 0)
  const complete = Promise.withResolvers<void>()
  let waiting = 0
  return async (change) => {
    waiting += 1
    if (waiting === count) complete.resolve(meanwhile().then(() => undefined))
    await complete.promise
    return await write(change)
  }
}
