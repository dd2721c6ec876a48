import { onTestFinished } from 'vitest'
import type { SimulatorOptions } from '../../../simulator/src/options.ts'
import { createSimulator, type Simulator } from '../../../simulator/src/simulator.ts'
import { createFakeClock, type FakeClock } from './fake-clock.ts'
import { CLIENT_SECRET, exchangeGrant } from './partner.ts'
import { seededBytes } from './seeded-bytes.ts'
import { type StandInService, startStandInService } from './stand-in-service.ts'

export type Stage = { simulator: Simulator; service: StandInService; clock: FakeClock }

/** A simulator and a stand-in service that know each other, ended with the test that started them. */
export async function startHeroku(options: Partial<SimulatorOptions> = {}): Promise<Stage> {
  const clock = createFakeClock()
  const service = await startStandInService()
  const simulator = createSimulator({
    now: clock.now,
    random: seededBytes('simulator'),
    addon: addonOptions(service.url),
    ...options,
  })
  await simulator.listen({ port: 0 })
  onTestFinished(async () => {
    await simulator.close()
    await service.close()
  })
  return { simulator, service, clock }
}

/** The add-on as `addon-manifest.json` and the portal would describe it. */
export function addonOptions(serviceUrl: string): SimulatorOptions['addon'] {
  return {
    id: 'securekey',
    configVars: ['SECURE_KEY'],
    prefix: 'SECURE',
    baseUrl: `${serviceUrl}/heroku/resources`,
    ssoUrl: `${serviceUrl}/heroku/sso`,
    password: 'super-secret',
    ssoSalt: '2f97bfa52ca102f8874716e2eb1d3b4920ad0be4',
    clientSecret: CLIENT_SECRET,
    plans: ['daily', 'weekly', 'fortnightly', 'monthly'],
  }
}

/** As `startHeroku`, with an app `service-1` that has the add-on, and the tokens of its grant. */
export async function startWithAddon(options: Partial<SimulatorOptions> = {}) {
  const stage = await startHeroku(options)
  await stage.simulator.customer.createApp('service-1')
  const addon = await stage.simulator.customer.createAddon({ app: 'service-1', plan: 'fortnightly' })
  const tokens = await exchangeGrant(stage.simulator, stage.service)
  return { ...stage, addon, tokens }
}
