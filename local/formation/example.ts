import { setTimeout as sleep } from 'node:timers/promises'
import type { Simulator } from '../../simulator/src/index.ts'
import { ADDON } from '../../src/bin/observe.ts'
import { systemNow } from '../clock.ts'
import { type Entry, RANK } from '../entry.ts'
import type { Timeline } from '../timeline.ts'
import { aborted } from '../until.ts'
import { type AppProgram, type AppRelease, logFileOf, startAppProcess } from './app-process.ts'
import { startBalancer } from './balancer.ts'
import { createFormation, type ProcessNews } from './formation.ts'
import { keyChange } from './key-change.ts'
import { type Click, createVisitor, NOBODY } from './visitor.ts'
import { countVisit, describeVisits, type Happening, NO_VISITS, type Visits } from './visits.ts'

export type ExampleOptions = {
  simulator: Pick<Simulator, 'view' | 'events' | 'customer'>
  timeline: Pick<Timeline, 'add'>
  /** The app at the simulated Heroku whose processes these are. */
  app: string
  program: AppProgram
  port: number
  /** How long both releases of a rotation run side by side. */
  gapMs: number
  clickEveryMs: number
  /** Before a process that did not come up is started again. */
  retryMs: number
}

/** The example app, running in two processes, and a visitor who clicks. */
export type Example = {
  url: string
  visits: () => Visits
  /** Settles when all processes run the newest release; it never rejects. */
  settled: () => Promise<void>
  logFiles: readonly string[]
}

const NAMES = ['web.1', 'web.2']

/**
 * Runs the processes of an app of the simulated Heroku: each release restarts them with its config vars. What a visitor
 * sees of that goes to the timeline, and to the app's card on the simulator's page.
 */
export async function startExample(options: ExampleOptions, closers: AsyncDisposableStack): Promise<Example> {
  const { simulator, timeline, app, program, port, gapMs, clickEveryMs, retryMs } = options
  const closing = new AbortController()
  const balancer = await startBalancer(port)
  closers.defer(() => balancer.close())
  const formation = createFormation({
    names: NAMES,
    start: (name, release, signal) => startAppProcess(program, name, release, signal),
    balancer,
    gap: (signal) => pause(gapMs, signal),
    retryDelay: (signal) => pause(retryMs, signal),
    tell: (news) => {
      timeline.add([tellProcess(news, app)])
      showOnPage()
    },
  })
  closers.defer(() => formation.close())

  let visits = NO_VISITS
  let worst = ''
  function count(happening: Happening): void {
    const counted = countVisit(visits, happening)
    visits = counted.visits
    const { remark } = counted
    if (remark) tell(remark.text, remark.tone)
    if (remark?.tone === 'bad') worst = ` At ${systemNow().toTimeString().slice(0, 8)}: ${remark.text}.`
    if (happening.what === 'click') showOnPage()
  }

  function tell(text: string, tone?: Entry['tone']): void {
    timeline.add([{ at: systemNow(), rank: RANK.settled, who: 'visitor', text, ...(tone && { tone }) }])
  }

  function showOnPage(): void {
    const processes = formation.running().map(({ name, version }) => `${name} on v${version}`)
    const running = `${balancer.url} runs ${processes.join(', ') || 'nothing'}`
    const text = `${describeVisits(visits)}.${worst} ${running}.`
    // The app may have been destroyed a moment ago.
    simulator.customer.note(app, text).catch(() => {})
  }

  let present: AppRelease | undefined
  function takeRelease(): void {
    const release = currentRelease(simulator, app)
    if (!release || release.version === present?.version || closing.signal.aborted) return
    const change = keyChange(present?.config[ADDON.configVar], release.config[ADDON.configVar])
    present = release
    count({ what: 'release', change })
    formation.deploy(release)
    void formation.settled().then(() => count({ what: 'settled' }))
  }
  closers.defer(
    simulator.events.subscribe((event) => {
      if ((event.type === 'release' || event.type === 'dyno') && event.app === app) takeRelease()
      if (event.type === 'app' && event.action === 'destroy' && event.app === app) void formation.retire()
    }),
  )

  async function visit(): Promise<void> {
    const visitor = createVisitor(balancer.url)
    await Promise.race([formation.settled(), aborted(closing.signal)])
    if (!closing.signal.aborted)
      tell(`Ada logs in at ${balancer.url} and clicks every ${clickEveryMs / 1_000} s`)
    let known = false
    while (!closing.signal.aborted) {
      known ||= await visitor.logIn()
      const click: Click = known ? await visitor.click() : { seen: 'nothing', by: NOBODY }
      known &&= click.seen !== 'logged-out'
      count({ what: 'click', ...click })
      await pause(clickEveryMs, closing.signal)
    }
  }

  takeRelease()
  const visiting = visit()
  closers.defer(async () => {
    closing.abort()
    await visiting
    if (visits.clicks > 0) tell(describeVisits(visits), visits.logouts === 0 ? 'good' : 'bad')
  })
  return {
    url: balancer.url,
    visits: () => visits,
    settled: formation.settled,
    logFiles: NAMES.map((name) => logFileOf(program, name)),
  }
}

/** The release that the app runs; undefined when the app is gone. */
function currentRelease({ view }: Pick<Simulator, 'view'>, app: string): AppRelease | undefined {
  if (!view.apps().some(({ name }) => name === app)) return undefined
  return view.releases(app).find(({ current }) => current)
}

function tellProcess(news: ProcessNews, who: string): Entry {
  const told = { at: systemNow(), rank: RANK.settled, who }
  if (news.what === 'up')
    return { ...told, text: `${news.name} is up on release v${news.version}`, tone: 'quiet' }
  const [text = '', ...details] = news.why.split('\n').map((line) => line.trim())
  const after = news.staysDown ? 'it stays down until the next release' : 'it is started again'
  return { ...told, text: `${text}; ${after}`, details, tone: 'bad' }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
