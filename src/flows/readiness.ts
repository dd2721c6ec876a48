import { SecurekeyError } from '../domain/errors.ts'
import { isReadOnly } from '../store/database.ts'
import { missingMigrations } from '../store/migrations.ts'
import { listWrappedDeks } from '../store/wrapped-deks.ts'
import { type ClockOffset, LARGEST_CLOCK_OFFSET_MS } from './clock-offset.ts'
import type { Deps } from './deps.ts'

/** Why a process cannot do its work, in one word; `reason` is a sentence for whoever runs it. */
export type Trouble = { trouble: TroubleName; reason: string }
export type TroubleName = 'clock' | 'read-only' | 'sealing' | 'migrations' | 'not-confirmed' | 'database'

/** What a web process can do at the moment. */
export type Readiness = {
  /** Everything that is wrong, several at once; empty when nothing is. Within three seconds. */
  troubles: () => Promise<Trouble[]>
  /** Whether the clock allows to provision: whoever is wrong about the time writes wrong dates. */
  mayProvision: () => Promise<boolean>
}

const LIMIT_MS = 3_000
const NO_ANSWER: Trouble = { trouble: 'database', reason: 'the database does not answer' }
const REFUSED: Trouble = { trouble: 'database', reason: 'the database refuses what it is asked' }

/** Looks after all that can be wrong with a web process; each is asked by itself. */
export function createReadiness(
  deps: Pick<Deps, 'db' | 'log' | 'sealing' | 'installation'>,
  clockOffsetMs: ClockOffset,
): Readiness {
  const looks: (() => Promise<Trouble | undefined>)[] = [
    () => clockTrouble(clockOffsetMs),
    () => readOnlyTrouble(deps),
    () => sealingTrouble(deps),
    () => migrationTrouble(deps),
    () => confirmationTrouble(deps),
  ]

  /** One after the other: a probe must not take the connections that requests need. */
  async function lookAtAll(): Promise<Trouble[]> {
    const found: Trouble[] = []
    let refused = false
    for (const lookAfter of looks) {
      try {
        const trouble = await lookAfter()
        if (trouble) found.push(trouble)
      } catch (error) {
        // Why the server refuses to answer (a table that is not there yet) is told by another look, as a rule.
        if (isServerAnswer(error)) {
          refused = true
          continue
        }
        deps.log.warn({ err: error }, 'not ready')
        return [...found, NO_ANSWER]
      }
    }
    return found.length === 0 && refused ? [REFUSED] : found
  }

  // One look for all who ask meanwhile: a database that does not answer must not be asked again and again.
  let looking: Promise<Trouble[]> | undefined
  function look(): Promise<Trouble[]> {
    looking ??= lookAtAll().finally(() => {
      looking = undefined
    })
    return looking
  }

  return {
    troubles: () => within(LIMIT_MS, look(), [NO_ANSWER]),
    async mayProvision() {
      // A database that cannot be asked refuses what comes by itself.
      const offsetMs = await clockOffsetMs().catch(() => 0)
      if (isRight(offsetMs)) return true
      deps.log.error({ offsetMs }, 'clock differs from the database, nothing is provisioned')
      return false
    },
  }
}

function isRight(offsetMs: number): boolean {
  return Math.abs(offsetMs) <= LARGEST_CLOCK_OFFSET_MS
}

async function clockTrouble(clockOffsetMs: ClockOffset): Promise<Trouble | undefined> {
  const offsetMs = await clockOffsetMs()
  if (isRight(offsetMs)) return undefined
  const side = offsetMs > 0 ? 'ahead of' : 'behind'
  const seconds = Math.round(Math.abs(offsetMs) / 1_000)
  return { trouble: 'clock', reason: `the clock is ${seconds} s ${side} the database's` }
}

async function readOnlyTrouble({ db }: Pick<Deps, 'db'>): Promise<Trouble | undefined> {
  if (!(await isReadOnly(db))) return undefined
  return { trouble: 'read-only', reason: 'the database takes no writes' }
}

const DATA_KEYS_TRIED = 3

/** A process with other sealing keys opens none of them. One that is damaged is the failure of its own add-on. */
async function sealingTrouble({ db, sealing }: Pick<Deps, 'db' | 'sealing'>): Promise<Trouble | undefined> {
  const stored = await listWrappedDeks(db, { limit: DATA_KEYS_TRIED })
  if (stored.length === 0) return undefined
  for (const { resourceId, dek } of stored) {
    try {
      await sealing.forResource(resourceId, dek)
      return undefined
    } catch (error) {
      if (!(error instanceof SecurekeyError)) throw error
    }
  }
  return { trouble: 'sealing', reason: 'the stored data keys do not open with these sealing keys' }
}

async function migrationTrouble({ db }: Pick<Deps, 'db'>): Promise<Trouble | undefined> {
  const missing = await missingMigrations(db)
  if (missing.length === 0) return undefined
  return { trouble: 'migrations', reason: `${missing.length} migrations are missing` }
}

async function confirmationTrouble({
  installation,
}: Pick<Deps, 'installation'>): Promise<Trouble | undefined> {
  const { differs } = await installation.look()
  if (differs.length === 0) return undefined
  return { trouble: 'not-confirmed', reason: `not confirmed: ${differs.join(', ')}` }
}

/** An error with an SQLSTATE of a statement (Postgres manual, appendix A), not of a connection or a server that goes. */
function isServerAnswer(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(42|3F|25006)/.test(code)
}

async function within<T>(ms: number, answer: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, ms, otherwise)
  })
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
