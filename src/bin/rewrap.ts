import { parseArgs } from 'node:util'
import { SecurekeyError } from '../domain/errors.ts'
import type { Deps } from '../flows/deps.ts'
import { requireKnownKeks } from '../flows/operations/known-keks.ts'
import { renewDataKeys } from '../flows/operations/renew-data-keys.ts'
import { rewrapDeks } from '../flows/operations/rewrap-deks.ts'
import { createLogger } from '../logger.ts'
import { compose } from './compose.ts'
import { createProgress } from './progress.ts'
import { configOrExit } from './run.ts'

const USAGE = `Usage: npm run rewrap [-- --new-data-keys]

  Without an option every data key is wrapped by the first key of SEALING_KEYS.
  --new-data-keys   every resource whose data key another key of SEALING_KEYS has ever
                    wrapped gets a fresh one, and all that it seals is sealed anew
`
const { newDataKeys } = readArguments()
const config = configOrExit()
const { deps, close } = await compose(config, createLogger({ level: 'warn', process: 'rewrap' }), {
  poolSize: 5,
  connections: 1,
})
try {
  await requireKnownKeks(deps)
  const { text, failed } = newDataKeys ? await renew(deps) : await rewrap(deps)
  process.stdout.write(`${text}\n`)
  if (failed) process.exitCode = 1
} catch (error) {
  if (!(error instanceof SecurekeyError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
} finally {
  await close()
}

function readArguments(): { newDataKeys: boolean } {
  try {
    const { values } = parseArgs({ options: { 'new-data-keys': { type: 'boolean' } } })
    return { newDataKeys: values['new-data-keys'] ?? false }
  } catch {
    process.stderr.write(USAGE)
    process.exit(1)
  }
}

async function rewrap(deps: Deps): Promise<{ text: string; failed: boolean }> {
  const { rewrapped, unreadable } = await rewrapDeks(deps)
  const primary = deps.sealing.primaryKekId
  const text =
    unreadable === 0
      ? `Done: every data key is wrapped by ${primary}; ${rewrapped} were wrapped anew.`
      : `${rewrapped} data keys were wrapped anew by ${primary}; ${unreadable} could not be opened. Remove no key yet.`
  return { text, failed: unreadable > 0 }
}

async function renew(deps: Deps): Promise<{ text: string; failed: boolean }> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const progress = createProgress(process.stderr, () => Date.now())
  const { renewed, unreadable, left } = await renewDataKeys(deps, {
    signal: stopping.signal,
    onProgress: (done) => progress.show(`${done.renewed} resources have new data keys`),
  })
  progress.end()
  const primary = deps.sealing.primaryKekId
  const done = `${renewed} resources got new data keys under ${primary}`
  if (left === 0) return { text: `Done: ${done}; none is left with an older one.`, failed: false }
  const why = unreadable > 0 ? `, of which ${unreadable} could not be opened: see the log` : ''
  return { text: `${done}; ${left} are left${why}. Run it again.`, failed: true }
}
