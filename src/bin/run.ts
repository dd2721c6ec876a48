import type { Logger } from 'pino'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { createLogger } from '../logger.ts'
import { sharesBackends } from '../store/shared-backend.ts'

/** How long a process may take to finish what it has begun. Heroku kills it 30 s after SIGTERM. */
const SHUTDOWN_LIMIT_MS = 10_000

/** Statements are prepared and time limits are set once for each connection, and would be met on another's server. */
const SHARED =
  'DATABASE_URL leads to a pooler that shares servers between connections, such as PgBouncer in transaction mode. ' +
  'Use its session mode (pool_mode = session), or connect to Postgres directly.'

/** What a started process hands back: how to finish what is in flight and let go of everything. */
export type Running = { stop: () => Promise<void> }

/**
 * Runs a long-lived process: reads the settings, starts it, and stops it at the first SIGTERM or SIGINT. A second
 * signal, or ten seconds without an end, exits at once.
 */
export async function runProcess(
  name: string,
  start: (config: Config, logger: Logger) => Promise<Running>,
): Promise<void> {
  const config = configOrExit()
  const logger = createLogger({ level: config.logLevel, process: name })
  let starting: Promise<Running> | undefined
  let stopping = false

  async function stop(signal: string): Promise<void> {
    if (stopping) {
      logger.warn({ signal }, 'second signal, exiting at once')
      process.exit(1)
    }
    stopping = true
    logger.info({ signal }, 'stopping')
    // Not cleared: it also ends a process that something forgotten keeps alive after it has stopped.
    setTimeout(() => {
      logger.error({}, 'stopping took too long, exiting')
      process.exit(1)
    }, SHUTDOWN_LIMIT_MS).unref()
    try {
      // A signal may come before the start is over.
      await (await starting)?.stop()
      logger.info({}, 'stopped')
      process.exitCode = 0
    } catch (error) {
      logger.error({ err: error }, 'stopping failed')
      process.exitCode = 1
    }
  }
  process.on('SIGTERM', (signal) => void stop(signal))
  process.on('SIGINT', (signal) => void stop(signal))
  try {
    if (await sharesBackends(config.databaseUrl)) throw new Error(SHARED)
    starting = start(config, logger)
    await starting
  } catch (error) {
    logger.fatal({ err: error }, 'could not start')
    process.exit(1)
  }
}

/** The settings, or every problem with them on stderr and exit 1. */
export function configOrExit(): Config {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
