import type { Deps } from '../../../src/flows/deps.ts'
import { createWorker, type Tally } from '../../../src/worker/worker.ts'

/** One tick of a worker that has just started. */
export async function tickOf(deps: Deps): Promise<Tally | undefined> {
  const worker = createWorker(deps, { concurrency: 20, claimLimit: 100, clockOffsetMs: async () => 0 })
  return await worker.tick()
}
