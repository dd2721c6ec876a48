import PQueue from 'p-queue'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { resourceIdOf } from '../support/bench-resource.ts'
import { serveParent } from '../support/child.ts'
import { type CandidateOrder, measured } from './candidate.ts'
import { createFinish, createPlainJob, PLAIN_TABLE } from './plain-job.ts'

const QUEUE = 'rotate'
const BATCH_SIZE = 1_000
const MOST_CONNECTIONS = 40

/** pg-boss with large batches, fetched without a pause while they come full; two at a time, so that none waits. */
await serveParent<CandidateOrder, { ask: 'run' }>(async ({ url, herokuUrl, inFlight, count, stage }) => {
  const pool = new pg.Pool({ connectionString: url, max: Math.min(inFlight, MOST_CONNECTIONS) })
  const boss = new PgBoss({ connectionString: url, max: 4, supervise: false, schedule: false })
  boss.on('error', (error) => process.stderr.write(`pg-boss: ${error.message}\n`))
  await boss.start()
  if (stage === 'prepare') {
    await pool.query(PLAIN_TABLE)
    await boss.createQueue(QUEUE)
    for (let from = 1; from <= count; from += 1_000) {
      const numbers = Array.from({ length: Math.min(1_000, count - from + 1) }, (_, i) => from + i)
      await boss.insert(
        QUEUE,
        numbers.map((number) => ({ data: { id: resourceIdOf(number) } })),
      )
    }
    await boss.stop({ graceful: false })
    await pool.end()
    return { answer: async () => undefined }
  }
  const job = await createPlainJob({ pool, herokuUrl, inFlight })
  const room = new PQueue({ concurrency: inFlight })
  await pool.query('select 1')
  return {
    async answer() {
      const result = await measured(async () => {
        const finish = createFinish(count)
        await boss.work<{ id: string }>(
          QUEUE,
          {
            batchSize: BATCH_SIZE,
            localConcurrency: 2,
            pollingIntervalSeconds: 0.5,
            burstWhenBatchFull: true,
          },
          async (jobs) => {
            await Promise.all(jobs.map(({ data }) => room.add(() => job(data.id))))
            for (const _ of jobs) finish.one()
          },
        )
        return await finish.all
      })
      await boss.stop({ graceful: true, timeout: 10_000 })
      return result
    },
    close: () => pool.end(),
  }
})
