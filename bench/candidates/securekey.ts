import { setTimeout as sleep } from 'node:timers/promises'

import { compose } from '../../src/bin/compose.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createLogger } from '../../src/logger.ts'
import { serviceNow } from '../../src/store/database.ts'
import { findWrappedDeks } from '../../src/store/wrapped-deks.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { benchConfig } from '../support/bench-config.ts'
import { serveParent } from '../support/child.ts'
import { WORKER_POOL_SIZE, workerOptions } from '../support/worker-options.ts'
import { type CandidateOrder, measured } from './candidate.ts'

const TICK_EVERY_MS = 100
const AT_A_TIME = 20
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** The worker process of this service as it is, log lines and all. */
await serveParent<CandidateOrder, { ask: 'run' }>(
  async ({ url, herokuUrl, inFlight, count, stage, ownKey }) => {
    if (stage === 'prepare') return { answer: async () => undefined }
    const logger = createLogger({ level: 'info', process: 'bench' })
    const { deps, clockOffsetMs, close } = await compose(
      benchConfig({ url, herokuUrl, inFlight, ownKey }),
      logger,
      {
        poolSize: WORKER_POOL_SIZE,
        connections: inFlight,
      },
    )
    const worker = createWorker(deps, {
      ...workerOptions(inFlight),
      clockOffsetMs,
    })
    await serviceNow(deps.db)
    if (ownKey) await warmUp(deps, ownKey.arn, count)
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
  },
)

/** Opens all data keys of a customer's key, so that they are cached. */
async function warmUp(deps: Pick<Deps, 'db' | 'sealing'>, arn: string, limit: number): Promise<void> {
  const page = { kekId: arn, from: NOBODY, except: NOBODY, limit }
  const stored = await findWrappedDeks(deps.db, page)
  for (let from = 0; from < stored.length; from += AT_A_TIME) {
    const group = stored.slice(from, from + AT_A_TIME)
    await Promise.all(group.map(({ resourceId, dek }) => deps.sealing.forResource(resourceId, dek)))
  }
}
