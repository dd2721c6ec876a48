import { systemNow } from './clock.ts'
import { LocalStackError } from './local-stack-error.ts'
import type { Narrator } from './narrator.ts'
import { logTail } from './service-process.ts'
import type { Timeline } from './timeline.ts'

/** Keeps the narrator looking and the timeline telling. */
export type Teller = {
  begin: () => void
  /** A last look, then everything is told. */
  end: () => Promise<void>
  /** Settles when the database does not answer any more; it never rejects. */
  broken: Promise<LocalStackError>
}

const LOOK_EVERY_MS = 250
/** History rows are read up to one look later than the events of Heroku arrive; so long an entry waits for its turn. */
const HOLD_MS = 3 * LOOK_EVERY_MS
const MOST_FAILURES = 8

export function createTeller(narrator: Narrator, timeline: Timeline, postgresLog: string): Teller {
  const broken = Promise.withResolvers<LocalStackError>()
  const ending = Promise.withResolvers<void>()
  let working: Promise<void> | undefined
  let ended = false
  let failures = 0

  async function work(): Promise<void> {
    while (!ended) {
      try {
        await narrator.look()
        failures = 0
      } catch (error) {
        failures += 1
        if (failures === MOST_FAILURES) broken.resolve(await gone(postgresLog, error))
      }
      timeline.tell(new Date(systemNow().getTime() - HOLD_MS))
      await Promise.race([ending.promise, new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))])
    }
  }

  return {
    broken: broken.promise,
    begin: () => {
      working ??= work()
    },
    async end() {
      ended = true
      ending.resolve()
      await working
      // Without a database there is no last word to be had, yet what is known is still told.
      if (failures === 0) await narrator.look().catch(() => {})
      timeline.tell()
    },
  }
}

async function gone(postgresLog: string, error: unknown): Promise<LocalStackError> {
  const reason = error instanceof Error ? error.message : String(error)
  return new LocalStackError(
    `Postgres no longer answers (${reason}). The end of ${postgresLog}:`,
    await logTail(postgresLog),
    error,
  )
}
