import { describe, expect, test } from 'vitest'
import { NO_CLI, sharedCliWorld, unwrapped } from './support/heroku-cli-world.ts'

/** Each command is a process of a second or two, and of more where others work on the machine. */
const TEST_LIMIT_MS = 300_000
const WINDOW = 'tue-thu 09:00-12:00 Europe/Berlin'
const world = sharedCliWorld()

describe.skipIf(NO_CLI)('the options of heroku addons:create', { timeout: TEST_LIMIT_MS }, () => {
  test('arrive together, one that nobody knows is ignored, and the commands show what was chosen', async () => {
    const { harness, heroku, securekey, exchanged } = world()
    await harness.heroku.customer.createApp('options-1')
    const chosen = `--window "${WINDOW}" --token-life 30d --grace 48h --next --log off --colour blue`
    const created = await heroku(`addons:create securekey:fortnightly -a options-1 -- ${chosen}`)
    expect(created.code, created.stderr).toBe(0)
    const [, name = ''] = /Created (\S+) as /.exec(created.stdout) ?? []
    await exchanged(harness.heroku.view.addon(name).id)
    const { stdout } = await securekey('info -a options-1 --json')
    expect(JSON.parse(stdout)).toMatchObject({
      policy: { windows: WINDOW, token_life: '30d', grace_period: '2d', announces_next: true },
    })
    const notices = await securekey('notices -a options-1 --json')
    expect(JSON.parse(notices.stdout)).toMatchObject({ log: null })
  })

  test('that are wrong are refused with what would be right, and no add-on is made', async () => {
    const { harness, heroku } = world()
    await harness.heroku.customer.createApp('options-2')
    const refused = async (option: string, words: string) => {
      const ran = await heroku(`addons:create securekey:fortnightly -a options-2 -- ${option}`)
      expect(ran.code, option).not.toBe(0)
      expect(unwrapped(ran.stderr), option).toContain(words)
    }
    await refused('--window "tue 09:00-12:00"', '--window must name a time zone')
    await refused('--token-life 200d', 'needs 16 keys')
    await refused('--log loud', '--log must be')
    await refused('--encryption-key arn:x', '--encryption-key')
    await refused('--fork elsewhere', '--encryption-key')
    expect(harness.heroku.view.configVars('options-2')).not.toHaveProperty('SECURE_KEY')
  })
})
