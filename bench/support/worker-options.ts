import type { WorkerOptions } from '../../src/worker/worker.ts'

/** As in `src/bin/worker.ts`, with its call limit out of the way. */
export const WORKER_POOL_SIZE = 8
const CLAIM_TURNS = 6
const LARGEST_CLAIM = 200

/** How a worker process with so many rotations in flight works. */
export function workerOptions(inFlight: number): Pick<WorkerOptions, 'concurrency' | 'claimLimit'> {
  return { concurrency: inFlight, claimLimit: Math.min(LARGEST_CLAIM, inFlight * CLAIM_TURNS) }
}
