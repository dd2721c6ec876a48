import { randomBytes } from 'node:crypto'
import { compose } from '../../src/bin/compose.ts'
import { sleep } from '../../src/clock.ts'
import { createLogger } from '../../src/logger.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { clientOfClock } from '../../test/support/clocked-client.ts'
import { benchConfig } from '../support/bench-config.ts'
import { PERIOD_MS } from '../support/bench-resource.ts'
import { serveParent } from '../support/child.ts'
import { WORKER_POOL_SIZE, workerOptions } from '../support/worker-options.ts'

export type ManyCyclesOrder = { url: string; herokuUrl: string; inFlight: number }
export type CycleRun = {
  promoted: number
  checked: number
  elapsedMs: number
  residentMb: number
  heapMb: number
}

/** Later than the check that follows a push after an hour. */
const CHECKS_AFTER_MS = 2 * 3_600_000

/**
 * One worker process that lives through many rotation periods. Its clock is set a fortnight ahead before each, and
 * within it to the time of the checks that follow.
 */
await serveParent<ManyCyclesOrder, { ask: 'cycle' }>(async ({ url, herokuUrl, inFlight }) => {
  let cycles = 0
  let aheadMs = 0
  const now = () => new Date(Date.now() + aheadMs)
  const logger = createLogger({ level: 'info', process: 'bench' })
  const { deps, close } = await compose(benchConfig({ url, herokuUrl, inFlight }), logger, {
    poolSize: WORKER_POOL_SIZE,
    connections: inFlight,
    world: {
      now,
      steadyMs: () => performance.now(),
      random: randomBytes,
      sleep,
      // To the second: each time that a session is told costs a statement.
      Client: clientOfClock(() => new Date(Math.floor(now().getTime() / 1_000) * 1_000)),
    },
  })
  const worker = createWorker(deps, { ...workerOptions(inFlight), clockOffsetMs: async () => 0 })
  return {
    async answer(): Promise<CycleRun> {
      aheadMs = cycles * PERIOD_MS
      cycles += 1
      const startedAt = performance.now()
      const rotations = await worker.tick()
      const elapsedMs = performance.now() - startedAt
      aheadMs += CHECKS_AFTER_MS
      const checks = await worker.tick()
      globalThis.gc?.()
      const { rss, heapUsed } = process.memoryUsage()
      const mb = (bytes: number) => bytes / 2 ** 20
      return {
        promoted: rotations?.promoted ?? 0,
        checked: checks?.checked ?? 0,
        elapsedMs,
        residentMb: mb(rss),
        heapMb: mb(heapUsed),
      }
    },
    async close() {
      await worker.stop(1_000)
      await close()
    },
  }
})
