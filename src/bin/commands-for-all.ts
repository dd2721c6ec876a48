import type { FailureKind } from '../domain/heroku-failure.ts'
import type { Deps } from '../flows/deps.ts'
import { retryAll } from '../flows/operations/retry-all.ts'
import { countForeign, listForeign } from '../store/keysets.ts'
import { countUnfinished } from '../store/unfinished.ts'
import { leftToDo, runLong } from './long-command.ts'

const BATCH = 100

/** `rotations retry --all`: resumes all that are stuck, or those of one cause. */
export async function retryEach(deps: Deps, because: FailureKind | undefined): Promise<string> {
  const counts = await countUnfinished(deps.db, { stuck: true, because })
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return 'No rotation is stuck.'
  return await runLong({ what: 'Resuming', total }, async ({ signal, did }) => {
    const { resumed, left } = await retryAll(deps, { actor: { type: 'operator' }, because, signal, did })
    return `${resumed} rotations are resumed: workers take them up at their next tick. ${leftToDo(left, { signal })}`
  })
}

/**
 * What a person decides about all foreign pairs. It may be stopped and typed again: what was decided stays decided.
 * `decide` returns whether there was anything to decide.
 */
export async function decideForAll(
  deps: Deps,
  words: string,
  decide: (resourceId: string) => Promise<boolean>,
): Promise<string> {
  const total = await countForeign(deps.db)
  return await runLong({ what: 'Deciding', total }, async ({ signal, did }) => {
    let done = 0
    let seen = 0
    let after: string | undefined
    while (!signal.aborted) {
      const ids = await listForeign(deps.db, { limit: BATCH, ...(after !== undefined && { after }) })
      for (const id of ids) {
        if (signal.aborted) break
        if (await decide(id)) done += 1
        seen += 1
        did()
      }
      after = ids.at(-1)
      if (ids.length < BATCH) break
    }
    const left = signal.aborted ? Math.max(0, total - seen) : 0
    return `${done} add-ons: the keys are ${words} at the next tick. ${leftToDo(left, { signal })}`
  })
}
