/** A line for an app's log, and when what it tells of happened. */
export type LogEntry = { at: Date; text: string }

/** Who writes: names without a blank. `heroku logs` shows lines as those of `app[process]`. */
export type LogSource = { host: string; process: string }

/** local7.info (RFC 5424, 6.2.1). */
const PRIORITY = 190
const NAMES = { app: 'app', none: '-' }

/**
 * The body of a request to Logplex (Add-on Partner Log Integration): one syslog message per entry (RFC 5424), each behind
 * its length in bytes (octet counting, RFC 6587), nothing between them.
 */
export function logplexFrames(entries: readonly LogEntry[], { host, process }: LogSource): Buffer {
  return Buffer.concat(
    entries.map(({ at, text }) => {
      const header = `<${PRIORITY}>1 ${at.toISOString()} ${host} ${NAMES.app} ${process} ${NAMES.none} ${NAMES.none}`
      const message = Buffer.from(`${header} ${text}`)
      return Buffer.concat([Buffer.from(`${message.length} `), message])
    }),
  )
}
