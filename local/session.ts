import { join, relative } from 'node:path'
import { USUAL_PORTS } from './backing-services.ts'
import { systemNow } from './clock.ts'
import { RANK } from './entry.ts'
import type { PickedPort } from './ports.ts'
import { ensureScenario } from './scenario.ts'
import type { Environment } from './settings.ts'
import { type Stack, startStack } from './stack.ts'
import type { Terminal } from './terminal.ts'
import { aborted } from './until.ts'

export type SessionOptions = { root: string; env: Environment; signal: AbortSignal; terminal: Terminal }

/** A rotation is seen within half a minute, and there is time to read in between. */
const FORTNIGHT_SECONDS = 25

/** `npm start`: runs the scenario on data that is kept and tells what happens, until `signal`. Throws when it breaks. */
export async function runSession({ root, env, signal, terminal }: SessionOptions): Promise<void> {
  await using closers = new AsyncDisposableStack()
  const folder = join(root, '.local')
  const { say, print } = terminal
  let running = false
  closers.defer(async () => {
    if (running) say('Stopped. The data is kept: npm start continues with it.')
  })
  say('Starting Postgres, a simulated Heroku, web and worker ...')
  const options = { root, env, folder, kept: true, fortnightSeconds: FORTNIGHT_SECONDS, signal }
  const stack = await startStack({ ...options, tell: say, print }, closers)
  running = true
  const stopped = aborted(signal)
  const broken = stack.broken.then((error) => Promise.reject(error))

  terminal.facts(heading(stack), facts(stack, root), remarks(stack))
  stack.teller.begin()
  await Promise.race([playScenario(stack), broken, stopped])
  await Promise.race([broken, stopped]).finally(() =>
    say('\nStopping worker, web, simulator and Postgres ...'),
  )
}

async function playScenario(stack: Stack): Promise<void> {
  const addonId = await ensureScenario(stack)
  const { simulator, timeline } = stack
  const link = `${simulator.url}/simulator/open/${addonId}`
  timeline.add([{ at: systemNow(), rank: RANK.ahead, who: 'heroku', text: `open the dashboard: ${link}` }])
}

function heading({ data }: Stack): string {
  const again = data.resumed ? ' It continues with the data of the last run.' : ''
  return `securekey: the whole add-on on this machine, beside a simulated Heroku.${again}`
}

function facts({ settings, simulator, logFiles, ports }: Stack, root: string): [string, string][] {
  const taken = (usual: number, { instead }: PickedPort) => (instead ? `  (port ${usual} is taken)` : '')
  const logs = logFiles.map((file) => relative(root, file)).join('  ')
  return [
    ["Heroku's page", `${simulator.url}${taken(USUAL_PORTS.simulator, ports.simulator)}`],
    ['dashboard', `"Open dashboard" on that page, or the link below`],
    ['service', `${settings.addonUrl}${taken(USUAL_PORTS.service, ports.service)}`],
    ['logs', logs],
  ]
}

function remarks({ settings }: Stack): string[] {
  const { length } = settings.plans
  return [
    'These are demo keys, shown in full on purpose; the service itself never logs one.',
    `A real fortnight is shortened to ${FORTNIGHT_SECONDS} s here; the other ${length - 1} plans are shortened likewise.`,
    'Ctrl-C stops everything; npm start continues with the same data.',
  ]
}
