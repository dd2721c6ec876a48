import { setTimeout as sleep } from 'node:timers/promises'
import { runProcess } from '../../../src/bin/run.ts'

const START_MS = 500

/** A process whose start takes a while. It says when it begins to start, and whether it was stopped in good order. */
await runProcess('slow', async () => {
  process.stdout.write('starting\n')
  await sleep(START_MS)
  const working = setInterval(() => {}, 1_000)
  return {
    async stop() {
      clearInterval(working)
      process.stdout.write('let go of everything\n')
    },
  }
})
