import { expect, test } from 'vitest'
import { appEnvironment } from '../../../local/settings.ts'
import { freshKey, rotatedConfig, startExampleApp } from './support/example-app.ts'

/** Real processes have to start, on a machine with other work. */
const LIMIT_MS = 120_000
const OWN = appEnvironment({}, {})

test(
  'with the library, a visitor is never logged out over three rotations, with one process behind each time',
  async () => {
    const { deploy, visitor, click, clicks, news } = await startExampleApp('web.js', OWN)
    const keys = [freshKey(), freshKey(), freshKey(), freshKey(), freshKey()]
    let version = 1

    async function rotate(settle: string): Promise<void> {
      version += 1
      const [second = '', first = ''] = keys.slice(Math.floor(version / 2) - 1)
      await deploy({
        version,
        config: { ...rotatedConfig([first, second], version, new Date()), SETTLE_SECONDS: settle },
      })
      await click(4)
    }

    await rotate('600')
    expect(await visitor.logIn()).toBe(true)
    clicks.length = 0
    // Ten minutes later every process has restarted and signs with the first key; here a restart stands for that time.
    await rotate('0')
    for (let rotation = 1; rotation <= 3; rotation += 1) {
      await rotate('600')
      await rotate('0')
    }
    expect(news.filter(({ what }) => what === 'down')).toEqual([])
    expect(clicks.map(({ seen }) => seen)).toEqual(clicks.map(() => 'logged-in'))
    const mixed = new Set(clicks.map(({ by }) => by))
    expect([...mixed]).toEqual(
      expect.arrayContaining(['web.1 on v4', 'web.2 on v3', 'web.1 on v8', 'web.2 on v7']),
    )
    expect(clicks.length).toBe(7 * 8)
  },
  LIMIT_MS,
)

test(
  'with the library, an app without its keys does not start, and its log shows none',
  async () => {
    const { deploy, running, news, logs } = await startExampleApp('web.js', OWN)
    const key = freshKey()
    await deploy({ version: 2, config: { SECURE_KEY: `${key},${key}` } })
    expect(running()).toEqual([])
    expect(news[0]).toMatchObject({ what: 'down', why: expect.stringContaining('same-key-twice') })
    expect(logs()).not.toContain(key)
  },
  LIMIT_MS,
)
