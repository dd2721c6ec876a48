import { parseArgs } from 'node:util'
import { SecurekeyError } from '../domain/errors.ts'
import type { Deps } from '../flows/deps.ts'
import { requireKnownKeks } from '../flows/operations/known-keks.ts'
import { renewDataKeys } from '../flows/operations/renew-data-keys.ts'
import { rewrapDeks } from '../flows/operations/rewrap-deks.ts'
import { rewrapTokens } from '../flows/operations/rewrap-tokens.ts'
import { createLogger } from '../logger.ts'
import { countTouchedByOther, countWrappedDeks } from '../store/wrapped-deks.ts'
import { compose } from './compose.ts'
import { type LongWork, leftToDo, runLong } from './long-command.ts'
import { configOrExit } from './run.ts'

const USAGE = `Usage: npm run rewrap [-- --new-data-keys]

  Without an option every data key is wrapped by the first key of SEALING_KEYS, and the
  MAC of every API token is made anew by it.
  --new-data-keys   every resource whose data key another key of SEALING_KEYS has ever
                    wrapped gets a fresh one, and all that it seals is sealed anew;
                    its API tokens end
`
type Told = { text: string; failed: boolean }

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

async function rewrap(deps: Deps): Promise<Told> {
  const total = await countWrappedDeks(deps.db)
  return await runLong({ what: 'Wrapping data keys', total }, async ({ signal, did }) => {
    const { rewrapped, unreadable } = await rewrapDeks(deps, { signal, did })
    await rewrapTokens(deps, { signal })
    const primary = deps.sealing.primaryKekId
    const left = await countWrappedDeks(deps.db, { notBy: primary })
    if (left === 0) {
      const text = `Done: every data key is wrapped by ${primary}; ${rewrapped} were wrapped anew.`
      return { text, failed: false }
    }
    const done = `${rewrapped} data keys were wrapped anew by ${primary}`
    return {
      text: `${done}${unopened(unreadable)}. ${leftToDo(left, { signal })} Remove no key yet.`,
      failed: true,
    }
  })
}

async function renew(deps: Deps): Promise<Told> {
  const primary = deps.sealing.primaryKekId
  const total = await countTouchedByOther(deps.db, primary)
  return await runLong({ what: 'Renewing data keys', total }, async ({ signal, did }) => {
    const onProgress = progressOf(did)
    const { renewed, unreadable, left } = await renewDataKeys(deps, { signal, onProgress })
    const done = `${renewed} resources got new data keys under ${primary}`
    if (left === 0) return { text: `Done: ${done}; none is left with an older one.`, failed: false }
    return { text: `${done}${unopened(unreadable)}. ${leftToDo(left, { signal })}`, failed: true }
  })
}

/** Tells how many more there are than at the last time. */
function progressOf(did: LongWork['did']) {
  let told = 0
  return ({ renewed, unreadable }: { renewed: number; unreadable: number }) => {
    did(renewed + unreadable - told)
    told = renewed + unreadable
  }
}

function unopened(unreadable: number): string {
  return unreadable === 0 ? '' : `; ${unreadable} could not be opened: see the log`
}
