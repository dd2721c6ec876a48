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
  const { root, env, signal, terminal, withLibrary, partnerApi } = session
  const startedAt = systemNow()
  const { say, print } = terminal
  const folder = await mkdtemp(join(tmpdir(), 'securekey-once-'))
  const limit = AbortSignal.timeout(LIMIT_SECONDS * 1_000)
  try {
    await using closers = new AsyncDisposableStack()
    say(`Starting Postgres, a simulated Heroku, web and worker for one life, in ${folder} ...`)
    const either = AbortSignal.any([signal, limit])
    const fortnightSeconds = FORTNIGHT_SECONDS
    const options = { root, env, folder, kept: false, fortnightSeconds, partnerApi, signal: either }
    const stack = await startStack({ ...options, tell: say, print }, closers)
    terminal.facts('securekey: the life of one add-on, checked step by step', facts(stack), [
      'These are demo keys, shown in full on purpose; the service itself never logs one.',
      `A real fortnight is shortened to ${FORTNIGHT_SECONDS} s here.`,
    ])
    stack.teller.begin()
    const { check, held } = countChecks(stack)
    const broken = stack.broken.then((error) => Promise.reject(error))
    const { simulator, timeline, ports } = stack
    const logFolder = folder
    const { program, settleMs } = exampleProgram({
      root,
      logFolder,
      env,
      withLibrary,
      fortnightSeconds,
    })
    const app = { simulator, timeline, app: SERVICE_1, program, port: ports.app.port, ...PACE }
    const startApp = () => startExample(app, closers)
    await Promise.race([
      liveThrough(stack, startApp, { check, signal: either, settleMs }),
      broken,
      aborted(either),
    ])
    either.throwIfAborted()
    await closers.disposeAsync()
    const seconds = Math.round((systemNow().getTime() - startedAt.getTime()) / 1_000)
    say(`\nAll ${held()} promises held, in ${seconds} s.`)
  } catch (error) {
    if (signal.aborted) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    else say(`\nThe logs are kept in ${folder}.`)
    if (limit.aborted) throw new LocalStackError(`The scenario did not finish within ${LIMIT_SECONDS} s.`)
    throw error
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

function facts({ settings, simulator }: Stack): [string, string][] {
  return [
    ['heroku', simulator.url],
    ['service', settings.addonUrl],
  ]
}

function countChecks({ timeline }: Stack): { check: Check; held: () => number } {
  let count = 0
  return {
    check: (promise, held) => {
      if (!held) throw new LocalStackError(`This did not hold: ${promise}`)
      count += 1
      timeline.add([
        { at: systemNow(), rank: RANK.ahead, who: 'check', text: `ok  ${promise}`, tone: 'good' },
      ])
    },
  })
}
