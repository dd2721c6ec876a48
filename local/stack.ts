import type { Simulator } from '../simulator/src/index.ts'
import { type Observer, observeService } from '../src/bin/observe.ts'
import { tellApps } from './app-words.ts'
import { type BackingServices, type StackOptions, startBackingServices } from './backing-services.ts'
import { systemNow } from './clock.ts'
import { type Entry, RANK } from './entry.ts'
import type { LocalStackError } from './local-stack-error.ts'
import { createNarrator, type Narrator } from './narrator.ts'
import { SERVICE_1 } from './scenario.ts'
import { confirmInstallation, runRelease, startService } from './service.ts'
import { type Environment, serviceEnvironment } from './settings.ts'
import { createTeller, type Teller } from './teller.ts'
import { createTimeline, type Timeline } from './timeline.ts'

/** The whole add-on, running. */
export type Stack = BackingServices & {
  /** To see what the service does. */
  observer: Observer
  timeline: Timeline
  narrator: Narrator
  teller: Teller
  logFiles: readonly string[]
  /** The first part that breaks down by itself; it never rejects. */
  broken: Promise<LocalStackError>
}

/**
 * Starts Postgres, the simulator, the migrations, web and worker; nothing is told before `teller.begin()`. Disposing
 * of `closers` stops what was started in the opposite order, so that each part can still reach those it needs.
 */
export async function startStack(
  options: StackOptions & { root: string; env: Environment; print: (entry: Entry) => void },
  closers: AsyncDisposableStack,
): Promise<Stack> {
  const { root, folder, signal, print } = options
  const backing = await startBackingServices(options, closers)
  const serviceOptions = {
    root,
    folder,
    env: serviceEnvironment(backing.environment, options.env),
    url: backing.settings.addonUrl,
    signal,
  }
  await runRelease(serviceOptions)
  await confirmInstallation(serviceOptions)

  const observer = observeService(backing.data.databaseUrl)
  closers.defer(() => observer.close())
  const timeline = createTimeline(print)
  const { simulator } = backing
  const narrator = await createNarrator({
    simulator,
    observer,
    plans: backing.settings.plans,
    timeline,
    now: systemNow,
    realApp: SERVICE_1,
  })
  backing.mailBox.onMail(({ at, to, subject, file }) => {
    timeline.add([{ at, rank: RANK.ahead, who: 'mail', text: `to ${to}: ${subject}`, details: [file] }])
  })
  const teller = createTeller(narrator, timeline, backing.postgresLog)
  closers.defer(() => teller.end())
  if (backing.data.resumed) timeline.add(await tellFound(narrator, simulator))

  const service = await startService(serviceOptions, closers)
  const processes = [service.web, service.worker]
  for (const { name, logFile } of processes) narrator.follow(name, logFile)
  return {
    ...backing,
    observer,
    timeline,
    narrator,
    teller,
    logFiles: processes.map(({ logFile }) => logFile),
    broken: Promise.race([service.broken, teller.broken]),
  }
}

/** Taken down before the worker starts, which may have a missed rotation to catch up with at once. */
async function tellFound(narrator: Narrator, { view }: Simulator): Promise<Entry[]> {
  const apps = tellApps(view, systemNow())
  const dates = await Promise.all(view.addons().map(({ id }) => narrator.nextRotation(id)))
  return [...apps, ...dates.flat()]
}
