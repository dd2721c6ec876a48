import type { Deps } from '../../../src/flows/deps.ts'
import { createWorker, type Tally } from '../../../src/worker/worker.ts'

/** One tick of a worker that has just started. */
export async function tickOf(deps: Deps): Promise<Tally | undefined> {
  return await newWorker(deps).tick()
}

/** The same, and all the notices that are due after it: nothing is under way any more. */
export async function tickAndTell(deps: Deps): Promise<Tally | undefined> {
  const worker = newWorker(deps)
  const tally = await worker.tick()
  await worker.idle()
  return tally
}

function newWorker(deps: Deps) {
  return createWorker(deps, { concurrency: 20, claimLimit: 100, clockOffsetMs: async () => 0 })
}
