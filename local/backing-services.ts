import { join } from 'node:path'
import { createSimulator, type Simulator } from '../simulator/src/index.ts'
import { readSettings, type Settings } from '../src/bin/observe.ts'
import { systemNow } from './clock.ts'
import { type DemoData, openDemoData } from './demo-data.ts'
import { LocalStackError } from './local-stack-error.ts'
import { type MailBox, startMailBox } from './mail-box.ts'
import { type PickedPort, pickPort } from './ports.ts'
import { type LocalPostgres, startLocalPostgres } from './postgres.ts'
import { type PartnerApi, serviceSettings } from './settings.ts'
import { simulatedAddon } from './simulated-addon.ts'

export type StackOptions = {
  /** Where logs and data go. */
  folder: string
  /** Whether another run goes on with the data, on the usual ports where they are free. */
  kept: boolean
  fortnightSeconds: number
  partnerApi: PartnerApi
  /** What leads the service to a simulated AWS, where there is one. */
  aws?: Readonly<Record<string, string>>
  /** Ends the start half-way. */
  signal: AbortSignal
  tell: (line: string) => void
}

/** What the service needs around it, running: Postgres and a Heroku; and the settings that lead it there. */
export type BackingServices = {
  /** As the service finds them in its environment. */
  environment: Record<string, string>
  settings: Settings
  simulator: Simulator
  mailBox: MailBox
  data: DemoData
  postgresLog: string
  ports: { service: PickedPort; simulator: PickedPort; app: PickedPort }
}

export const USUAL_PORTS = { service: 5000, simulator: 5100, app: 5200 }

/** Dynos are seen restarting, and up again long before the next rotation. */
const DYNO_RESTART_MS = 3_000

/** Starts Postgres, then the simulator in this process. What runs is handed to `closers` at once, also half-way. */
export async function startBackingServices(
  options: StackOptions,
  closers: AsyncDisposableStack,
): Promise<BackingServices> {
  const { folder, kept, signal } = options
  const postgres = await startPostgres(options)
  closers.defer(() => postgres.stop())
  signal.throwIfAborted()

  const data = await openDemoData(folder, postgres.url)
  const mailBox = await startMailBox(folder)
  closers.defer(() => mailBox.close())
  const ports = {
    service: await pickPort(kept ? USUAL_PORTS.service : undefined),
    simulator: await pickPort(kept ? USUAL_PORTS.simulator : undefined),
    app: await pickPort(kept ? USUAL_PORTS.app : undefined),
  }
  const environment = serviceSettings({
    secrets: data.secrets,
    databaseUrl: data.databaseUrl,
    servicePort: ports.service.port,
    simulatorPort: ports.simulator.port,
    smtpUrl: mailBox.url,
    fortnightSeconds: options.fortnightSeconds,
    partnerApi: options.partnerApi,
    aws: options.aws,
  })
  // The simulator and the narrator go by what the service will read, and a mistake shows here first.
  const settings = readSettings(environment)
  const simulator = createSimulator({
    now: systemNow,
    addon: simulatedAddon(settings),
    partnerApi: options.partnerApi,
    // Whether Heroku takes a config var that the manifest does not name was never tried; the story shows what is hoped for.
    ...(options.aws && { undeclaredVars: 'taken' }),
    statePath: data.statePath,
    dynoRestartMs: DYNO_RESTART_MS,
  })
  await simulator.listen({ port: ports.simulator.port })
  closers.defer(() => simulator.close())
  signal.throwIfAborted()
  return {
    environment,
    settings,
    simulator,
    mailBox,
    data,
    postgresLog: join(postgres.dataDir, 'postgres.log'),
    ports,
  }
}

async function startPostgres({ folder, kept, tell }: StackOptions): Promise<LocalPostgres> {
  try {
    return await startLocalPostgres(
      kept
        ? { persistent: true, dataDir: join(folder, 'postgres'), log: tell }
        : { persistent: false, log: tell },
    )
  } catch (error) {
    throw new LocalStackError(error instanceof Error ? error.message : String(error), [], error)
  }
}
