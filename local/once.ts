import { startExample } from './formation/example.ts'
import { exampleProgram } from './formation/example-program.ts'
import { liveThrough } from './life-of-an-addon.ts'
import { runLife } from './run-life.ts'
import { SERVICE_1 } from './scenario.ts'
import type { SessionOptions } from './session.ts'

/** Time enough for a restart, a settle time and a short grace period between two rotations, also on a slow machine. */
const FORTNIGHT_SECONDS = 24
/** Four clicks while both releases run side by side. */
const PACE = { gapMs: 1_200, clickEveryMs: 300, retryMs: 500 }
const LIMIT_SECONDS = 180

/** `npm start -- --once`: the life of one add-on, checked, on data of its own. Throws at the first broken promise. */
export async function runOnce(session: SessionOptions): Promise<void> {
  const { root, env, withLibrary } = session
  const fortnightSeconds = FORTNIGHT_SECONDS
  await runLife(session, {
    heading: 'securekey: the life of one add-on, checked step by step',
    remarks: [`A real fortnight is shortened to ${fortnightSeconds} s here.`],
    limitSeconds: LIMIT_SECONDS,
    settings: { fortnightSeconds },
    live: async (stack, { check, signal, folder }, closers) => {
      const { simulator, timeline, ports } = stack
      const { program, settleMs } = exampleProgram({
        root,
        logFolder: folder,
        env,
        withLibrary,
        fortnightSeconds,
      })
      const app = { simulator, timeline, app: SERVICE_1, program, port: ports.app.port, ...PACE }
      await liveThrough(stack, () => startExample(app, closers), { check, signal, settleMs })
    },
  })
}
