import { fileURLToPath } from 'node:url'
import { HerokuError } from '../simulator/src/index.ts'
import { HELP, parseArguments } from './arguments.ts'
import { createPaint } from './layout.ts'
import { LocalStackError } from './local-stack-error.ts'
import { runOnce } from './once.ts'
import { runPrivate } from './private/run-private.ts'
import { runSession, type SessionOptions } from './session.ts'
import { listenForStop, StopRequest } from './stop-signals.ts'
import { createTerminal } from './terminal.ts'

/*
 * `npm start`: the service, its Postgres and a simulated Heroku on one machine. See `HELP` and the README.
 * Exit codes: 0 stopped as asked, or every promise held; 1 something broke; 2 an unknown argument; and with `--once`
 * 130 or 143 when it was stopped before its end, so that nobody takes that for a success.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

const request = parseArguments(process.argv.slice(2))
if ('problem' in request) {
  process.stderr.write(`${request.problem}\n\n${HELP}`)
  process.exit(2)
}
if (request.mode === 'help') {
  process.stdout.write(HELP)
  process.exit(0)
}

const paint = createPaint(process.stdout.isTTY === true, process.env.NO_COLOR)
const terminal = createTerminal((text) => process.stdout.write(text), paint)
const signal = listenForStop()
const { mode, withLibrary, partnerApi, isPrivate } = request
const once = mode === 'once'
const run = isPrivate
  ? (session: SessionOptions) => runPrivate(session, { once })
  : once
    ? runOnce
    : runSession
const error: unknown = await run({
  root: ROOT,
  env: process.env,
  signal,
  terminal,
  withLibrary,
  partnerApi,
}).then(
  () => signal.reason,
  (reason: unknown) => reason,
)
// Not left to the event loop: nothing forgotten may keep us alive.
process.exit(exitCodeOf(error, mode))

/** Says what broke, if anything did. A stop that was asked for is no breakage, yet it is no scenario passed either. */
function exitCodeOf(error: unknown, mode: 'run' | 'once'): number {
  if (error === undefined) return 0
  if (error instanceof StopRequest) return mode === 'once' ? error.exitCode : 0
  const text = error instanceof LocalStackError ? error.message : describe(error)
  process.stderr.write(`\n${paint('red', text)}\n`)
  return 1
}

function describe(error: unknown): string {
  // What the service really answered is in the fields; the message is what a customer would read.
  if (error instanceof HerokuError) return `${error.message} ${JSON.stringify(error.fields)}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
