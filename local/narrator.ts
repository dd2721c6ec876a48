import type { Simulator, SimulatorEvent } from '../simulator/src/index.ts'
import { ADDON, type Observer, type ServiceEvent, type Settings } from '../src/bin/observe.ts'
import { type Entry, RANK } from './entry.ts'
import { watchEvents } from './event-watch.ts'
import { tellHeroku } from './heroku-words.ts'
import { complaintIn, followLog } from './log-follower.ts'
import { tellEvent, tellNextRotation } from './service-words.ts'
import type { Timeline } from './timeline.ts'

export type NarratorOptions = {
  simulator: Simulator
  observer: Observer
  plans: Settings['plans']
  /** An app whose processes are real, and told by whoever runs them. */
  realApp: string
  timeline: Timeline
  now: () => Date
}

/** Feeds the timeline with what happens at Heroku and in the service. */
export type Narrator = {
  /** Also shows the warnings and errors of this log file. */
  follow: (name: string, logFile: string) => void
  /** Looks once at all that does not announce itself: the service's events, its logs, dynos that came up. */
  look: () => Promise<void>
  /** When the add-on rotates next, as an entry. */
  nextRotation: (addonId: string) => Promise<Entry[]>
}

const MOVES_THE_DATE: readonly ServiceEvent['kind'][] = [
  'provisioned',
  'rotated',
  'plan-changed',
  'schedule-paused',
  'schedule-resumed',
]

/** What has happened in the service before is history: it is not told again. */
export async function createNarrator(options: NarratorOptions): Promise<Narrator> {
  const { simulator, observer, plans, timeline, now, realApp } = options
  const { view } = simulator
  const logs: { name: string; read: () => Promise<string[]> }[] = []
  const watch = watchEvents(observer)
  // Gone add-ons stay in it: their last events are written before Heroku knows that they are gone.
  const addonIds = new Set(view.addons().map(({ id }) => id))
  await watch.takeAsKnown([...addonIds])

  function serviceName(addonId: string): string {
    return view.addons().length > 1 ? view.addon(addonId).name : ADDON.id
  }

  async function nextRotation(addonId: string, at = now()): Promise<Entry[]> {
    const next = await observer.nextRotation(addonId, at)
    if (!next) return []
    const { plan } = view.addon(addonId)
    const facts = { ...next, plan, periodMs: plans.find(({ name }) => name === plan)?.periodMs }
    return [tellNextRotation(facts, at, serviceName(addonId))]
  }

  async function lookAtService(): Promise<void> {
    for (const { id } of view.addons()) addonIds.add(id)
    for (const event of await watch.next([...addonIds])) {
      timeline.add(tellEvent(event, serviceName(event.resourceId)))
      if (MOVES_THE_DATE.includes(event.kind)) {
        timeline.add(await nextRotation(event.resourceId, event.kind === 'rotated' ? event.at : now()))
      }
    }
  }

  async function lookAtLogs(): Promise<void> {
    for (const { name, read } of logs) {
      for (const line of await read()) {
        const complaint = complaintIn(line, now())
        if (!complaint) continue
        const { at, trouble, text } = complaint
        const who = name
        timeline.add([{ at, rank: RANK.settled, who, text, tone: trouble ? 'bad' : 'warning' }])
      }
    }
  }

  const restarting = new Map<string, { app: string; dyno: string; release: number }>()
  gatherEvents(simulator, (events) => {
    for (const event of events) {
      if (event.type === 'dyno' && event.app !== realApp)
        restarting.set(`${event.appId} ${event.dyno}`, event)
    }
    timeline.add(tellHeroku(events, (id) => lookUpAddon(simulator, id)))
  })

  function lookAtDynos(): void {
    for (const [place, { app, dyno, release }] of restarting) {
      const found = view.apps().some(({ name }) => name === app) ? view.dynos(app) : []
      const present = found.find(({ name }) => name === dyno)
      if (present?.state === 'starting') continue
      restarting.delete(place)
      if (present?.release !== release) continue
      const text = `${dyno} is up on release v${release}`
      timeline.add([{ at: now(), rank: RANK.settled, who: app, text, tone: 'quiet' }])
    }
  }

  return {
    follow: (name, logFile) => {
      logs.push({ name, read: followLog(logFile) })
    },
    async look() {
      await lookAtService()
      await lookAtLogs()
      lookAtDynos()
    },
    nextRotation,
  }
}

function lookUpAddon(simulator: Simulator, id: string) {
  try {
    const { name, createdAt, options } = simulator.view.addon(id)
    return { name, createdAt: new Date(createdAt), options }
  } catch {
    // One whose creation failed is forgotten.
    return undefined
  }
}

/** Hands on the events of one moment together: a release follows its config and is followed by its dynos. */
function gatherEvents(simulator: Simulator, tell: (events: SimulatorEvent[]) => void): void {
  let gathered: SimulatorEvent[] = []
  simulator.events.subscribe((event) => {
    gathered.push(event)
    if (gathered.length > 1) return
    setImmediate(() => {
      const events = gathered
      gathered = []
      tell(events)
    })
  })
}
