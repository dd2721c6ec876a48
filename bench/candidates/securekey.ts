import { setTimeout as sleep } from 'node:timers/promises'

import { compose } from '../../src/bin/compose.ts'
import { createLogger } from '../../src/logger.ts'
import { serviceNow } from '../../src/store/database.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { benchConfig } from '../support/bench-config.ts'
import { serveParent } from '../support/child.ts'
import { WORKER_POOL_SIZE, workerOptions } from '../support/worker-options.ts'
import { type CandidateOrder, measured } from './candidate.ts'

const TICK_EVERY_MS = 100

/** The worker process of this service as it is, log lines and all. */
await serveParent<CandidateOrder, { ask: 'run' }>(async ({ url, herokuUrl, inFlight, count, stage }) => {
  if (stage === 'prepare') return { answer: async () => undefined }
  const logger = createLogger({ level: 'info', process: 'bench' })
  const { deps, clockOffsetMs, close } = await compose(benchConfig({ url, herokuUrl, inFlight }), logger, {
    poolSize: WORKER_POOL_SIZE,
    connections: inFlight,
  })
  const worker = createWorker(deps, {
    ...workerOptions(inFlight),
    clockOffsetMs,
  })
  await serviceNow(deps.db)
  return {
    answer: () =>
      measured(async () => {
        let promoted = 0
        // More than one tick only after faults, whose retries come due later.
        for (;;) {
          promoted += (await worker.tick())?.promoted ?? 0
          if (promoted >= count) return promoted
          await sleep(TICK_EVERY_MS)
        }
      }),
    async close() {
      await worker.stop(1_000)
      await close()
    },
  }
})
