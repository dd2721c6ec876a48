import { rewrapDeks } from '../flows/operations/rewrap-deks.ts'
import { createLogger } from '../logger.ts'
import { compose } from './compose.ts'
import { configOrExit } from './run.ts'

const config = configOrExit()
const { deps, close } = await compose(config, createLogger({ level: config.logLevel, process: 'rewrap' }), {
  poolSize: 2,
  connections: 1,
})
try {
  const { rewrapped, unreadable } = await rewrapDeks(deps)
  const primary = config.sealingKeys[0]?.id
  process.stdout.write(
    unreadable === 0
      ? `Done: every data key is wrapped by ${primary}; ${rewrapped} were wrapped anew.\n`
      : `${rewrapped} data keys were wrapped anew by ${primary}; ${unreadable} could not be opened. Remove no key yet.\n`,
  )
  if (unreadable > 0) process.exitCode = 1
} finally {
  await close()
}
