import { rewrapDeks } from '../flows/rewrap-deks.ts'
import { createLogger } from '../logger.ts'
import { compose } from './compose.ts'
import { configOrExit } from './run.ts'

const config = configOrExit()
const { deps, close } = await compose(config, createLogger({ level: config.logLevel, process: 'rewrap' }), {
  poolSize: 2,
  connections: 1,
})
try {
  const rewrapped = await rewrapDeks(deps)
  process.stdout.write(`${rewrapped} data keys are now wrapped by ${config.sealingKeys[0]?.id}.\n`)
} finally {
  await close()
}
