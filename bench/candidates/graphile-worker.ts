import { Logger, type Runner, run, runMigrations } from 'graphile-worker'
import pg from 'pg'
import { serveParent } from '../support/child.ts'
import { type CandidateOrder, measured } from './candidate.ts'
import { createFinish, createPlainJob, PLAIN_TABLE } from './plain-job.ts'

const LOCAL_QUEUE_SIZE = 500
const MOST_CONNECTIONS = 40
const silent = new Logger(() => () => {})

/** graphile-worker as its manual tunes it for throughput: a local queue, completions in batches. No log lines. */
await serveParent<CandidateOrder, { ask: 'run' }>(async ({ url, herokuUrl, inFlight, count, stage }) => {
  const pool = new pg.Pool({ connectionString: url, max: Math.min(inFlight, MOST_CONNECTIONS) })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  if (stage === 'prepare') {
    await runMigrations({ pgPool: pool, logger: silent })
    await pool.query(PLAIN_TABLE)
    await pool.query(
      `select count(*) from graphile_worker.add_jobs(array(
         select json_populate_record(null::graphile_worker.job_spec,
                  json_build_object('identifier', 'rotate', 'payload', json_build_object('id', md5(n::text)::uuid)))
           from generate_series(1, $1::integer) as n))`,
      [count],
    )
    await pool.end()
    return { answer: async () => undefined }
  }
  const job = await createPlainJob({ pool, herokuUrl, inFlight })
  await pool.query('select 1')
  let runner: Runner | undefined
  return {
    async answer() {
      const result = await measured(async () => {
        const finish = createFinish(count)
        runner = await run({
          pgPool: pool,
          logger: silent,
          concurrency: inFlight,
          noHandleSignals: true,
          preset: {
            worker: {
              localQueue: { size: LOCAL_QUEUE_SIZE },
              completeJobBatchDelay: 20,
              failJobBatchDelay: 20,
            },
          },
          taskList: {
            async rotate(payload) {
              await job((payload as { id: string }).id)
              finish.one()
            },
          },
        })
        return await finish.all
      })
      // The last batch of completions is still to be written; its time is not counted, its cost is.
      await runner?.stop()
      return result
    },
    close: () => pool.end(),
  }
})
