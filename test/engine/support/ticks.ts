import type { Deps } from '../../../src/flows/deps.ts'
import type { Tally } from '../../../src/flows/group.ts'
import { createRotationWorker } from '../../../src/worker/rotation-worker.ts'

/** One tick of a worker that has just started. */
export async function tickOf(deps: Deps): Promise<Tally | undefined> {
  const worker = createRotationWorker(deps, {
    concurrency: 20,
    claimLimit: 100,
    clockOffsetMs: async () => 0,
  })
  return await worker.tick()
}
