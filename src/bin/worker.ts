import { systemNow, systemSteadyMs } from '../clock.ts'
import { startCron } from '../worker/cron.ts'
import { createWorker } from '../worker/worker.ts'
import { compose } from './compose.ts'
import { watchKeks } from './known-keks.ts'
import { runProcess } from './run.ts'

/** One for each group under way and two more, so that neither a claim nor a promotion waits for them. */
const POOL_SIZE = 8
/** Leaves time, within the ten seconds of a shutdown, to write down what the last calls came to. */
const FINISH_CALLS_WITHIN_MS = 7_000
/** A claim holds about two seconds' worth of calls, so that all under way are worked off long before a lease ends. */
const CLAIM_SECONDS = 2
/** And no more than this for each rotation in flight, or slow answers would make them wait out their lease. */
const CLAIM_TURNS = 6
const SMALLEST_CLAIM = 5
const LARGEST_CLAIM = 200
/** Customers' own keys are watched so often too, however rarely a worker looks for other work. */
const WATCH_CRON = '*/10 * * * * *'

await runProcess('worker', async (config, logger) => {
  const { rotationConcurrency, herokuMaxRps } = config
  const { deps, clockOffsetMs, close } = await compose(config, logger, {
    poolSize: POOL_SIZE,
    connections: rotationConcurrency,
  })
  const keksKnown = await watchKeks(deps, logger)
  const worker = createWorker(deps, {
    concurrency: rotationConcurrency,
    claimLimit: Math.min(
      LARGEST_CLAIM,
      Math.max(SMALLEST_CLAIM, herokuMaxRps * CLAIM_SECONDS),
      rotationConcurrency * CLAIM_TURNS,
    ),
    clockOffsetMs,
  })
  const tick = async () => {
    await keksKnown()
    await worker.tick()
  }
  const clocks = { now: systemNow, steadyMs: systemSteadyMs }
  const cron = startCron(config.rotationCron, deps.log, tick, clocks)
  // Beside the ticks, however long one takes. Of two that come at once the second returns.
  const watches = (deps.kms ? [config.rotationCron, WATCH_CRON] : []).map((expression) =>
    startCron(expression, deps.log, worker.watch, clocks),
  )
  logger.info({ cron: config.rotationCron, rotationConcurrency, herokuMaxRps }, 'worker started')
  return {
    async stop() {
      await cron.stop()
      for (const watch of watches) await watch.stop()
      await worker.stop(FINISH_CALLS_WITHIN_MS)
      await close()
    },
  }
})
