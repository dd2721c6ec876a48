import { join, relative } from 'node:path'
import { USUAL_PORTS } from './backing-services.ts'
import { systemNow } from './clock.ts'
import { RANK } from './entry.ts'
import { startExample } from './formation/example.ts'
import { exampleProgram } from './formation/example-program.ts'
import { confirmReader } from './mail-reader.ts'
import type { PickedPort } from './ports.ts'
import { ensureScenario, SERVICE_1 } from './scenario.ts'
import type { Environment, PartnerApi } from './settings.ts'
import { type Stack, startStack } from './stack.ts'
import type { Terminal } from './terminal.ts'
import { aborted } from './until.ts'

export type SessionOptions = {
  root: string
  env: Environment
  signal: AbortSignal
  terminal: Terminal
  /** Whether the example app uses the client library. */
  withLibrary: boolean
  partnerApi: PartnerApi
}

/** A rotation is seen within half a minute, and there is time to read in between. */
const FORTNIGHT_SECONDS = 25
/** While both releases run side by side there are three clicks: one process signs, the other one has to accept it. */
const PACE = { gapMs: 3_200, clickEveryMs: 1_000, retryMs: 1_000 }

/** `npm start`: runs the scenario on data that is kept and tells what happens, until `signal`. Throws when it breaks. */
export async function runSession(session: SessionOptions): Promise<void> {
  const { root, env, signal, terminal, partnerApi } = session
  await using closers = new AsyncDisposableStack()
  const folder = join(root, '.local', ...(partnerApi === 'v1' ? ['v1'] : []))
  const { say, print } = terminal
  let running = false
  closers.defer(async () => {
    if (running) say('Stopped. The data is kept: npm start continues with it.')
  })
  say('Starting Postgres, a simulated Heroku, web and worker ...')
  const options = { root, env, folder, kept: true, fortnightSeconds: FORTNIGHT_SECONDS, partnerApi, signal }
  const stack = await startStack({ ...options, tell: say, print }, closers)
  running = true
  const stopped = aborted(signal)
  const broken = stack.broken.then((error) => Promise.reject(error))

  terminal.facts(heading(stack), facts(stack, root), remarks(stack, session))
  stack.teller.begin()
  await Promise.race([playScenario(stack, session, folder, closers), broken, stopped])
  await Promise.race([broken, stopped]).finally(() =>
    say('\nStopping the example app, worker, web, simulator and Postgres ...'),
  )
}

async function playScenario(
  stack: Stack,
  { root, env, withLibrary, signal }: SessionOptions,
  logFolder: string,
  closers: AsyncDisposableStack,
): Promise<void> {
  const addonId = await ensureScenario(stack)
  if (!stack.data.resumed) await confirmReader(stack, addonId, signal)
  const { simulator, timeline } = stack
  const link = `${simulator.url}/simulator/open/${addonId}`
  timeline.add([{ at: systemNow(), rank: RANK.ahead, who: 'heroku', text: `open the dashboard: ${link}` }])
  if (signal.aborted) return
  const fortnightSeconds = FORTNIGHT_SECONDS
  const { program } = exampleProgram({ root, logFolder, env, withLibrary, fortnightSeconds })
  const { port } = stack.ports.app
  await startExample({ simulator, timeline, app: SERVICE_1, program, port, ...PACE }, closers)
}

function heading({ data }: Stack): string {
  const again = data.resumed ? ' It continues with the data of the last run.' : ''
  return `securekey: the whole add-on on this machine, beside a simulated Heroku.${again}`
}

function facts({ settings, simulator, mailBox, logFiles, ports }: Stack, root: string): [string, string][] {
  const taken = (usual: number, { instead }: PickedPort) => (instead ? `  (port ${usual} is taken)` : '')
  const logs = logFiles.map((file) => relative(root, file)).join('  ')
  return [
    ["Heroku's page", `${simulator.url}${taken(USUAL_PORTS.simulator, ports.simulator)}`],
    ['dashboard', `"Open dashboard" on that page, or the link below`],
    ['service', `${settings.addonUrl}${taken(USUAL_PORTS.service, ports.service)}`],
    ['example app', `http://127.0.0.1:${ports.app.port}${taken(USUAL_PORTS.app, ports.app)}`],
    ['mails', relative(root, mailBox.folder)],
    ['logs', logs],
  ]
}

function remarks({ settings }: Stack, { withLibrary, partnerApi }: SessionOptions): string[] {
  const { length } = settings.plans
  return [
    'These are demo keys, shown in full on purpose; the service itself never logs one.',
    `A real fortnight is shortened to ${FORTNIGHT_SECONDS} s here; the other ${length - 1} plans are shortened likewise.`,
    withLibrary
      ? `${SERVICE_1} is the example app in two processes, and a visitor who is logged in clicks every second.`
      : `${SERVICE_1} is the example app without the library: it splits SECURE_KEY by hand.`,
    ...(partnerApi === 'v1'
      ? ['Heroku and the service speak the legacy partner API: docs/legacy-api.md.']
      : []),
    'Ctrl-C stops everything; npm start continues with the same data.',
  ]
}
