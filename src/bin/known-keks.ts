import type { Logger } from 'pino'
import { SecurekeyError } from '../domain/errors.ts'
import type { Deps } from '../flows/deps.ts'
import { createKekCheck } from '../flows/operations/known-keks.ts'

/**
 * Compares `SEALING_KEYS` with what the database knows of them: at the start, and where it was away then, before the
 * first work. Wrong keys end the process. What is returned throws as long as the database cannot be asked.
 */
export async function watchKeks(deps: Deps, logger: Logger): Promise<() => Promise<void>> {
  const check = createKekCheck(deps)
  try {
    await check()
  } catch (error) {
    if (error instanceof SecurekeyError) throw error
    logger.warn({ err: error }, 'sealing keys could not be compared with the database yet')
  }
  return async () => {
    try {
      await check()
    } catch (error) {
      if (!(error instanceof SecurekeyError)) throw error
      logger.fatal({ err: error }, 'wrong sealing keys, exiting')
      process.exit(1)
    }
  }
}
