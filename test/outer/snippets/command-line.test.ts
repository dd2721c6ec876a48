import { describe, expect, test, vi } from 'vitest'
import { startReceiver } from '../../notices/support/receiver.ts'
import { signedIn } from '../../support/browser.ts'
import { kmsEnvironment } from '../../support/fake-kms.ts'
import { HOUR, SECOND } from '../../support/harness.ts'
import { historyKinds, NO_CLI, sharedCliWorld, wordsOf } from '../support/heroku-cli-world.ts'
import { linesOnPage } from './support/lines-on-page.ts'
import { blocksOf } from './support/page-blocks.ts'

const PAGE = 'docs/using/command-line.md'
/** Each line is a process of a second or two, and of more where others work on the machine. */
const PAGE_LIMIT_MS = 600_000
const world = sharedCliWorld(async () => kmsEnvironment('http://127.0.0.1:1'))

const lines = blocksOf(PAGE).flatMap(({ code }) => code.split('\n').filter((line) => line !== ''))

/** By so many years the dates of the page are put on, so that they are to come. */
const yearsOn = new Date().getUTCFullYear() + 1 - 2026

/** Types each line into the real CLI while a worker works, and expects that it is done. */
async function typeEach(lines: readonly string[]): Promise<void> {
  const { harness, cli } = world()
  const worker = harness.worker()
  let freeze = ''
  const receiver = await startReceiver()
  // The page names an id that no freeze has, and dates that pass.
  const asTyped = (line: string) =>
    line
      .replace('0a1b2c3d4e5f', freeze)
      .replace('https://hooks.example.com/securekey', receiver.url)
      .replace(/\b202[67](?=-\d\d-)/g, (year) => String(Number(year) + yearsOn))
  for (const line of lines) {
    const [program, ...args] = wordsOf(asTyped(line))
    expect(program).toBe('heroku')
    // A rotation is refused where the key is very new.
    harness.clock.advance(args[0] === 'securekey:rotate' ? 3 * HOUR : SECOND)
    let ended = false
    const running = cli.run(args).finally(() => {
      ended = true
    })
    await vi.waitFor(async () => {
      await worker.tick()
      expect(ended).toBe(true)
    }, PATIENCE)
    const { code, stdout, stderr } = await running
    freeze = /^Freeze (\w{12}) is added/.exec(stdout)?.[1] ?? freeze
    expect(code, `${line}\n${stdout}${stderr}`).toBe(0)
  }
}

describe.skipIf(NO_CLI)(PAGE, () => {
  test('each line does what it says, one after the other', { timeout: PAGE_LIMIT_MS }, async () => {
    await world().newAddon('service-1')
    expect(lines.length).toBeGreaterThan(12)
    await typeEach(lines)
  })

  test('names every command of the plugin but those that only list', () => {
    const named = new Set(lines.map((line) => wordsOf(line)[1]))
    expect([...named].toSorted()).toEqual([
      'securekey:access',
      'securekey:doctor',
      'securekey:fork-code',
      'securekey:freezes',
      'securekey:freezes:add',
      'securekey:freezes:remove',
      'securekey:grace',
      'securekey:history',
      'securekey:info',
      'securekey:keys',
      'securekey:mail',
      'securekey:mail:add',
      'securekey:mail:remove',
      'securekey:next',
      'securekey:notices',
      'securekey:notices:log',
      'securekey:pause',
      'securekey:resume',
      'securekey:revoke',
      'securekey:rotate',
      'securekey:token-life',
      'securekey:tokens',
      'securekey:tokens:create',
      'securekey:tokens:destroy',
      'securekey:wait',
      'securekey:webhooks',
      'securekey:webhooks:add',
      'securekey:webhooks:remove',
      'securekey:webhooks:rotate-secret',
      'securekey:webhooks:test',
      'securekey:window',
    ])
  })
})

test.skipIf(NO_CLI)(
  'the lines for the Heroku CLI on the page “Use it from a script” show the add-on and rotate',
  { timeout: PAGE_LIMIT_MS },
  async () => {
    const { harness, newAddon } = world()
    const addon = await newAddon('script-1')
    const browser = await signedIn(harness, { addon: addon.name })
    const { code } = linesOnPage((await browser.get(`${browser.base}/script`)).text, 'heroku')
    await typeEach(code.split('\n'))
    expect(await historyKinds(harness, addon.id)).toContain('rotated')
  },
)

const PATIENCE = { timeout: 60_000, interval: 100 }
