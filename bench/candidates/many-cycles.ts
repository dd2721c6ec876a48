import { randomBytes } from 'node:crypto'
import { compose } from '../../src/bin/compose.ts'
import { sleep } from '../../src/clock.ts'
import { createLogger } from '../../src/logger.ts'
import { createRotationWorker } from '../../src/worker/rotation-worker.ts'
import { benchConfig } from '../support/bench-config.ts'
import { serveParent } from '../support/child.ts'

export type ManyCyclesOrder = { url: string; herokuUrl: string; inFlight: number }
export type CycleRun = { promoted: number; elapsedMs: number; residentMb: number; heapMb: number }

const PERIOD_MS = 14 * 86_400_000
const CLAIM_LIMIT = 200
const POOL_SIZE = 8

/** One worker process that lives through many rotation periods: its clock is set a fortnight ahead before each. */
await serveParent<ManyCyclesOrder, { ask: 'cycle' }>(async ({ url, herokuUrl, inFlight }) => {
  let aheadMs = -PERIOD_MS
  const now = () => new Date(Date.now() + aheadMs)
  const logger = createLogger({ level: 'info', process: 'bench' })
  const { deps, close } = await compose(benchConfig({ url, herokuUrl, inFlight }), logger, {
    poolSize: POOL_SIZE,
    connections: inFlight,
    world: { now, random: randomBytes, sleep },
  })
  const worker = createRotationWorker(deps, {
    concurrency: inFlight,
    claimLimit: CLAIM_LIMIT,
    clockOffsetMs: async () => 0,
  })
  return {
    async answer(): Promise<CycleRun> {
      aheadMs += PERIOD_MS
      const startedAt = performance.now()
      const tally = await worker.tick()
      const elapsedMs = performance.now() - startedAt
      globalThis.gc?.()
      const { rss, heapUsed } = process.memoryUsage()
      const mb = (bytes: number) => bytes / 2 ** 20
      return { promoted: tally?.promoted ?? 0, elapsedMs, residentMb: mb(rss), heapMb: mb(heapUsed) }
    },
    async close() {
      await worker.stop(1_000)
      await close()
    },
  }
})
