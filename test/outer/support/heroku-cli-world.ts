import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'
import type { AddonView } from '../../../simulator/src/view.ts'
import { type Harness, SECOND, startHarness } from '../../support/harness.ts'
import { MAIL_FROM, type MailServerForTests, startMailServer } from '../../support/mail-server.ts'
import { type HerokuCli, herokuModules, linkedHerokuCli, type Ran, type RunOptions } from './heroku-cli.ts'
import { type RecordingProxy, recordingProxy } from './recording-proxy.ts'

/** The real CLI with the plugin, the simulated Heroku, and the real service behind a proxy that keeps every request. */
export type CliWorld = {
  harness: Harness
  proxy: RecordingProxy
  cli: HerokuCli
  /** Runs `heroku securekey:<words>`, at a second of its own; each word is one argument, or several in double quotes. */
  securekey: (words: string, options?: RunOptions) => Promise<Ran>
  /** Runs any other command of the CLI. */
  heroku: (words: string, options?: RunOptions) => Promise<Ran>
  /** An app with an add-on of its own, its tokens exchanged. */
  newAddon: (app: string, options?: Record<string, string>, as?: { as: string }) => Promise<AddonView>
  /** Returns once the grant of an add-on is exchanged, so that its keys can be pushed. */
  exchanged: (id: string) => Promise<void>
  /** The mail server of the service. */
  mail: MailServerForTests
  /** Returns once a request like that was answered. */
  asked: (method: string, path: string) => Promise<void>
}

const MODULES = await herokuModules()
export const NO_CLI = MODULES === undefined
/** What a test waits for at most; each is there long before. */
const PATIENCE = { timeout: 30_000, interval: 50 }
const INSTALLED_LIMIT_MS = 120_000

/** Makes what a world needs beside it, and returns the settings that name it. */
export type Surroundings = (
  whenFinished: (end: () => Promise<void> | void) => void,
) => Promise<Record<string, string>>

/** One world for all tests of a file. */
export function sharedCliWorld(surroundings: Surroundings = async () => ({})): () => CliWorld {
  let world: CliWorld | undefined
  const ends: (() => Promise<void> | void)[] = []
  beforeAll(async () => {
    const whenFinished = (end: () => Promise<void> | void) => void ends.push(end)
    if (MODULES) world = await startWorld(MODULES, await surroundings(whenFinished), whenFinished)
  }, INSTALLED_LIMIT_MS)
  beforeEach(() => {
    if (world) world.proxy.passed.length = 0
  })
  afterAll(async () => {
    for (const end of ends.toReversed()) await end()
  })
  return () => {
    if (!world) throw new Error('the world is there only while tests run')
    return world
  }
}

async function startWorld(
  modules: { cli: string; plugin: string },
  env: Record<string, string>,
  whenFinished: (end: () => Promise<void> | void) => void,
): Promise<CliWorld> {
  const proxy = await recordingProxy()
  whenFinished(proxy.close)
  const mail = await startMailServer({ whenFinished })
  const harness = await startHarness({
    env: { ADDON_URL: proxy.url, SMTP_URL: mail.url, MAIL_FROM, ...env },
    whenFinished,
  })
  proxy.leadTo(harness.url)
  harness.heroku.setAddonUrl(proxy.url)
  // The commands read the real clock.
  harness.clock.advance(Date.now() - harness.clock.now().getTime())
  const cli = await linkedHerokuCli(modules, harness.heroku.url)
  whenFinished(cli.end)
  const heroku = (words: string, options?: RunOptions) => {
    harness.clock.advance(SECOND)
    return cli.run(wordsOf(words), options)
  }
  return {
    harness,
    proxy,
    mail,
    cli,
    heroku,
    securekey: (words, options) => heroku(`securekey:${words}`, options),
    exchanged,
    asked: (method, path) =>
      vi.waitFor(() => {
        const found = proxy.passed.some((one) => one.method === method && one.path === path)
        expect(found, `${method} ${path}`).toBe(true)
      }, PATIENCE),
    async newAddon(app, options = {}, as) {
      const known = harness.heroku.view.apps().some(({ name }) => name === app)
      if (!known) await harness.heroku.customer.createApp(app)
      const addon = await harness.heroku.customer.createAddon({ app, plan: 'fortnightly', options, ...as })
      await exchanged(addon.id)
      return addon
    },
  }

  async function exchanged(id: string): Promise<void> {
    await vi.waitFor(
      async () => expect(await historyKinds(harness, id)).toContain('grant-exchanged'),
      PATIENCE,
    )
  }
}

/** What happened to an add-on, oldest first. */
export async function historyKinds({ deps }: Pick<Harness, 'deps'>, id: string): Promise<string[]> {
  const rows = deps.db.selectFrom('history').select('kind').where('resource_id', '=', id).orderBy('seq')
  return (await rows.execute()).map(({ kind }) => kind)
}

/** The words of a line as a shell parts them: double quotes hold one together. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** What was printed as one line: errors are wrapped to the width of the terminal. */
export function unwrapped(text: string): string {
  return text
    .replace(/\s*\n?[ ›]*›\s*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
