import { cleanLines } from '../domain/clean-text.ts'
import { SecurekeyError } from '../domain/errors.ts'
import type { Deps } from '../flows/deps.ts'
import { requireKnownKeks } from '../flows/operations/known-keks.ts'
import { createLogger } from '../logger.ts'
import { compose } from './compose.ts'
import { configOrExit } from './run.ts'

/**
 * Runs a command of the program `name` and prints what it returns, cleaned for a terminal. A `SecurekeyError` is printed to
 * stderr and makes the exit code 1.
 */
export async function runOperatorCommand(
  name: string,
  command: (deps: Deps) => Promise<string>,
): Promise<void> {
  const logger = createLogger({ level: 'warn', process: name })
  const { deps, close } = await compose(configOrExit(), logger, { poolSize: 1, connections: 1 })
  try {
    await requireKnownKeks(deps)
    process.stdout.write(`${cleanLines(await command(deps))}\n`)
  } catch (error) {
    if (!(error instanceof SecurekeyError)) throw error
    process.stderr.write(`${cleanLines(error.message)}\n`)
    process.exitCode = 1
  } finally {
    await close()
  }
}
