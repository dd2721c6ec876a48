import { describe, expect, test } from 'vitest'
import { signedIn } from '../../support/browser.ts'
import { SECOND } from '../../support/harness.ts'
import { historyKinds, NO_CLI, sharedCliWorld } from '../support/heroku-cli-world.ts'
import { linesOnPage } from './support/lines-on-page.ts'

const LIMIT_MS = 180_000
const world = sharedCliWorld()

describe.skipIf(NO_CLI)('the lines of the page “Use it from a script”', { timeout: LIMIT_MS }, () => {
  test('for the Heroku CLI need no token, show this add-on, and rotate it', async () => {
    const { harness, heroku, newAddon, asked } = world()
    const { id, name } = await newAddon('script-1')
    const browser = await signedIn(harness, { addon: name })
    const { code, needs } = linesOnPage((await browser.get(`${browser.base}/script`)).text, 'heroku')
    const [info = '', rotate = '', ...more] = code.split('\n').map((line) => line.replace(/^heroku /, ''))
    expect([needs, more]).toEqual([[], []])
    const shown = await heroku(info)
    expect(shown).toMatchObject({ code: 0 })
    expect(shown.stdout).toContain(name)
    const rotating = heroku(rotate)
    await asked('POST', '/v1/rotations')
    harness.clock.advance(SECOND)
    await harness.worker().tick()
    expect(await rotating).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Every app runs the new key.'),
    })
    expect(await historyKinds(harness, id)).toContain('rotated')
  })
})
