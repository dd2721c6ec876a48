import { describe, expect, test } from 'vitest'
import { createBrowser } from '../support/browser.ts'
import { NO_CLI, sharedCliWorld, unwrapped } from './support/heroku-cli-world.ts'

const world = sharedCliWorld()

describe.skipIf(NO_CLI)('heroku securekey:mail', { timeout: 300_000 }, () => {
  test('adds an address, which its reader confirms, lists it, and removes it', async () => {
    const { securekey, newAddon, mail, harness, proxy } = world()
    const { name } = await newAddon('mail-1')
    expect((await securekey('mail -a mail-1')).stdout).toBe('No addresses.\n')
    const added = await securekey('mail:add ann@example.com -a mail-1')
    expect(added.code, added.stderr).toBe(0)
    expect(unwrapped(added.stdout)).toMatch(
      /^A link was mailed to ann@example\.com\. .* has confirmed it, by \d{4}-/,
    )
    const again = await securekey(`mail:add ANN@example.com ${name} --json`)
    expect(JSON.parse(again.stdout)).toEqual({ link_sent: true })
    const [, link = ''] = /(http\S+\/mail\/confirm\/\S+)/.exec(mail.arrived[1]?.mail.text ?? '') ?? []
    expect(link.startsWith(proxy.url)).toBe(true)
    expect((await createBrowser(harness).post(new URL(link).pathname, {})).status).toBe(200)
    expect(unwrapped((await securekey('mail -a mail-1')).stdout)).toMatch(/ann@example\.com confirmed/)
    const taken = await securekey('mail:add ann@example.com -a mail-1')
    expect([taken.code, unwrapped(taken.stderr)]).toEqual([
      2,
      expect.stringContaining('mailed to this address already'),
    ])
    const removed = await securekey('mail:remove ann@example.com -a mail-1')
    expect([removed.code, removed.stdout]).toEqual([
      0,
      'ann@example.com is removed and gets no more notices.\n',
    ])
    const gone = await securekey('mail:remove ann@example.com -a mail-1')
    expect([gone.code, unwrapped(gone.stderr)]).toEqual([
      1,
      expect.stringContaining('There is no such address'),
    ])
    expect((await securekey('mail:add "ann, bob" -a mail-1')).code).toBe(2)
  })
})
