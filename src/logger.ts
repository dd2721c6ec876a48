import { type Logger, pino } from 'pino'

/** Fields that must not be written even if a mistake puts them into a log line. The first guard is not to log them. */
const NEVER_WRITTEN = [
  'key',
  'value',
  'config',
  'body',
  'password',
  'accessToken',
  'refreshToken',
  'code',
  'secret',
  'authorization',
  'sealedKey',
  'wrappedDek',
]

/** A logger of JSON lines: one per event, with its fields. */
export function createLogger(
  options: { level: string; process: string },
  stream?: NodeJS.WritableStream,
): Logger {
  return pino(
    {
      level: options.level,
      base: { process: options.process },
      redact: { paths: NEVER_WRITTEN.flatMap((name) => [name, `*.${name}`]), censor: '[not logged]' },
      serializers: { err: describeError },
    },
    stream ?? pino.destination({ sync: true }),
  )
}

/** What flows log with. `event` lines have fixed, flat fields without secrets, so they go without the search for them. */
export function createLog(logger: Logger) {
  const plain = logger.child({}, { redact: [] })
  return {
    info: logger.info.bind(logger),
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    event: plain.info.bind(plain),
  }
}

/**
 * What is written of an error. Postgres puts whole rows into `detail` and `where`, so only the known harmless
 * properties are taken; a cause is described the same way.
 */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: 'not an error object' }
  const code = 'code' in error && typeof error.code === 'string' ? { sqlStateOrCode: error.code } : {}
  const detail = error.name === 'SecurekeyError' && 'detail' in error ? { detail: error.detail } : {}
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  return { type: error.name, message: error.message, ...code, ...detail, ...cause, stack: error.stack }
}
