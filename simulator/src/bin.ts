import { simulatedAddon } from '../../local/simulated-addon.ts'
import { runProcess } from '../../src/bin/run.ts'
import { systemNow } from '../../src/clock.ts'
import { createSimulator } from './simulator.ts'

/**
 * The stand-in for Heroku as a process of its own (see docker-compose.yml): it listens where `HEROKU_API_URL` points
 * and reads the same settings as the service, since both sides share the secrets. Never part of a deployment.
 */
await runProcess('simulator', async (config, logger) => {
  const statePath = process.env.SIMULATOR_STATE_PATH
  const simulator = createSimulator({
    now: systemNow,
    addon: simulatedAddon(config),
    ...(statePath && { statePath }),
  })
  const { port } = new URL(config.herokuApiUrl)
  const { url } = await simulator.listen({ host: config.host, port: Number(port) })
  logger.info({ url }, 'simulator listening')
  return { stop: () => simulator.close() }
})
