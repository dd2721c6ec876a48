import { expect, test } from 'vitest'
import { appEnvironment } from '../../../local/settings.ts'
import { freshKey, rotatedConfig, startExampleApp } from './support/example-app.ts'

const OWN = appEnvironment({}, {})

test('with the library, a visitor is never logged out over three rotations, with one process behind each time', async () => {
  const { deploy, visitor, click, clicks, news } = await startExampleApp('web.js', OWN)
  const keys = [freshKey(), freshKey(), freshKey(), freshKey(), freshKey()]
  let version = 1

  async function release(rotations: number, settle: string): Promise<void> {
    version += 1
    const [second = '', first = ''] = keys.slice(rotations)
    const config = rotatedConfig([first, second], rotations + 2, new Date())
    await deploy({ version, config: { ...config, SETTLE_SECONDS: settle } })
    await click(4)
  }

  await release(0, '0')
  expect(await visitor.logIn()).toBe(true)
  clicks.length = 0
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    await release(rotation, '600')
    // Ten minutes later every process signs with the first key; here a restart stands for that time.
    if (rotation < 3) await release(rotation, '0')
  }
  expect(news.filter(({ what }) => what === 'down')).toEqual([])
  expect(clicks.map(({ seen }) => seen)).toEqual(Array.from({ length: 5 * 8 }, () => 'logged-in'))
  // Each rotation was seen from both sides.
  const sides = ['web.1 on v3', 'web.2 on v2', 'web.1 on v5', 'web.2 on v4', 'web.1 on v7', 'web.2 on v6']
  expect(clicks.map(({ by }) => by)).toEqual(expect.arrayContaining(sides))
})

test('with the library, an app without its keys does not start, and its log shows none', async () => {
  const { deploy, running, news, logs } = await startExampleApp('web.js', OWN)
  const key = freshKey()
  await deploy({ version: 2, config: { SECURE_KEY: `${key},${key}` } })
  expect(running()).toEqual([])
  expect(news[0]).toMatchObject({ what: 'down', why: expect.stringContaining('same-key-twice') })
  expect(logs()).not.toContain(key)
})
