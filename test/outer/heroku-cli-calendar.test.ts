import { describe, expect, test } from 'vitest'
import { DAY } from '../support/harness.ts'
import { historyKinds, NO_CLI, sharedCliWorld, unwrapped } from './support/heroku-cli-world.ts'

/** Each command is a process of a second or two, and of more where others work on the machine. */
const TEST_LIMIT_MS = 300_000
const WINDOW = 'tue-thu 09:00-12:00 Europe/Berlin'
const DATE = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`
const world = sharedCliWorld()

/** A day as somebody writes it, so many days from now. */
const day = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10)

describe.skipIf(NO_CLI)('heroku securekey:window', { timeout: TEST_LIMIT_MS }, () => {
  test('shows the windows that addons:create was given, sets others, takes them away, and tells the next dates', async () => {
    const { harness, heroku, securekey, exchanged } = world()
    await harness.heroku.customer.createApp('window-1')
    const created = await heroku(
      `addons:create securekey:fortnightly -a window-1 -- --window "${WINDOW}; sat 22:00-02:00 Europe/Berlin"`,
    )
    const [, name = ''] = /Created (\S+) as /.exec(created.stdout) ?? []
    expect(created.code, created.stderr).toBe(0)
    const { id } = harness.heroku.view.addon(name)
    await exchanged(id)
    const says = async (words: string, stdout: RegExp) => {
      const ran = await securekey(words)
      expect(ran.code, `${words}: ${ran.stderr}`).toBe(0)
      expect(unwrapped(ran.stdout), words).toMatch(stdout)
      return ran
    }
    const dates = `Next rotations: (${DATE} UTC \\(in \\d+ days\\) ?){5}$`
    await says(`window ${name}`, new RegExp(`^Windows: ${WINDOW} sat 22:00-02:00 Europe/Berlin ${dates}`))
    await says(`window "${WINDOW}" -a window-1`, new RegExp(`^Windows: ${WINDOW} ${dates}`))
    await says(
      `window "Tue,wed,THU 9:00-12:00 Europe/Berlin" ${name}`,
      new RegExp(`^Nothing changed: the windows were these already\\. Windows: ${WINDOW} ${dates}`),
    )
    await says(
      'info -a window-1',
      new RegExp(`After that: (${DATE} UTC ){4}Windows: ${WINDOW} Freezes: none`),
    )
    const { stdout } = await securekey('window -a window-1 --json')
    expect(JSON.parse(stdout)).toMatchObject({ policy: { windows: WINDOW } })
    expect(JSON.parse(stdout).next_rotations).toHaveLength(5)

    const set = await securekey('window any -a window-1 --json')
    expect(JSON.parse(set.stdout)).toMatchObject({ changed: true, policy: { windows: 'any' } })
    expect(await historyKinds(harness, id)).toContain('windows-changed')
  })

  test('says why windows are refused', async () => {
    const { securekey, newAddon, harness } = world()
    const addon = await newAddon('refused-1')
    const wrong = await securekey('window "tue 09:00-12:00 Berlin" -a refused-1')
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(unwrapped(wrong.stderr)).toContain('must name an IANA time zone')
    expect(await historyKinds(harness, addon.id)).not.toContain('windows-changed')
  })

  test('and the freezes: what is typed wrongly ends with 2 and asks nobody', async () => {
    const { securekey, proxy } = world()
    for (const words of [
      'window tue-thu 09:00-12:00 -a x',
      'freezes:add -a x --from tomorrow --until 2027-01-05',
    ]) {
      const { code, stdout } = await securekey(words)
      expect({ code, stdout }, words).toEqual({ code: 2, stdout: '' })
    }
    expect(proxy.passed).toEqual([])
  })
})

describe.skipIf(NO_CLI)('heroku securekey:freezes', { timeout: TEST_LIMIT_MS }, () => {
  test('adds a freeze, lists it, and removes it after the name of the app where a key leaves earlier by that', async () => {
    const { harness, securekey, newAddon, proxy } = world()
    const addon = await newAddon('freeze-1')
    expect(await securekey('freezes -a freeze-1')).toMatchObject({ code: 0, stdout: 'No freezes.\n' })
    // So that a key leaves at the next rotation.
    await securekey('rotate -a freeze-1')
    await harness.worker().tick()

    const [from, until] = [day(10), day(20)]
    const dates = `--from ${from} --until ${until} --zone Europe/Berlin`
    const added = await securekey(`freezes:add -a freeze-1 ${dates} --reason "the sale"`)
    expect(added.code, added.stderr).toBe(0)
    expect(unwrapped(added.stderr)).toMatch(/^In the freeze the schedule restarts no app, .* go ahead\./)
    const [, id = ''] = /^Freeze (\w{12}) is added: /.exec(added.stdout) ?? []
    const shown = `${from} 00:00 to ${day(21)} 00:00 Europe/Berlin: the sale`
    expect(unwrapped(added.stdout)).toContain(`is added: ${shown} Windows: at any time Next rotations: `)
    expect(unwrapped((await securekey('info -a freeze-1')).stdout)).toMatch(
      new RegExp(`Next rotation: .*, put off by a window or a freeze: due ${DATE} UTC .* Freezes: ${shown}`),
    )
    const listed = await securekey('freezes -a freeze-1')
    expect(unwrapped(listed.stdout)).toContain(`${id} ${from} 00:00 ${day(21)} 00:00 Europe/Berlin to come`)
    expect(JSON.parse((await securekey('freezes -a freeze-1 --json')).stdout)).toMatchObject([
      { id, reason: 'the sale', of: 'add-on' },
    ])

    proxy.passed.length = 0
    const unasked = await securekey(`freezes:remove ${id} -a freeze-1`)
    expect(unasked).toMatchObject({ code: 1, stdout: '' })
    expect(unwrapped(unasked.stderr)).toMatch(
      /A rotation is put off until .* The app freeze-1 restarts\. .* is refused from then on, .*--confirm freeze-1/,
    )
    const moved = await securekey(`window "${WINDOW}" -a freeze-1`)
    expect(moved).toMatchObject({ code: 1, stdout: '' })
    expect(proxy.passed.map(({ method }) => method)).not.toContain('DELETE')
    expect(proxy.passed.map(({ method }) => method)).not.toContain('PUT')

    const removed = await securekey(`freezes:remove ${id} -a freeze-1 --confirm freeze-1`)
    expect(removed.code, removed.stderr).toBe(0)
    expect(unwrapped(removed.stdout)).toContain(`The freeze is removed: ${shown} Windows: at any time`)
    expect(await historyKinds(harness, addon.id)).toEqual(
      expect.arrayContaining(['freeze-added', 'freeze-removed']),
    )
  })
})
