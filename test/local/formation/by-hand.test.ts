import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { startAppProcess } from '../../../local/formation/app-process.ts'
import { exampleFolder, freshKey, scratchFolder, startExampleApp } from './support/example-app.ts'

test('by hand, a visitor is logged out while one process runs the new release and one the old', async () => {
  const { deploy, visitor, click, clicks } = await startExampleApp('by-hand.js')
  const [first, second, third] = [freshKey(), freshKey(), freshKey()]
  await deploy({ version: 2, config: { SECURE_KEY: `${first},${second}` } })
  expect(await visitor.logIn()).toBe(true)
  expect(await click(2)).toEqual([
    { seen: 'logged-in', by: 'web.1 on v2' },
    { seen: 'logged-in', by: 'web.2 on v2' },
  ])
  await deploy({ version: 3, config: { SECURE_KEY: `${third},${first}` } })
  const inTheMiddle = clicks.slice(2)
  expect(inTheMiddle).toHaveLength(4)
  // The restarted process signed the cookie anew, the other one did not know that key and deleted it.
  expect(inTheMiddle.find(({ seen }) => seen === 'logged-out')?.by).toBe('web.2 on v2')
  expect((await click(2)).map(({ seen }) => seen)).toEqual(['logged-out', 'logged-out'])
})

test('an app without its keys does not start, and is told with its last words', async () => {
  const { deploy, news, running } = await startExampleApp('by-hand.js')
  await deploy({ version: 2, config: {} })
  expect(running()).toEqual([])
  expect(news).toHaveLength(6)
  expect(news[0]).toMatchObject({
    name: 'web.1',
    what: 'down',
    why: expect.stringMatching(
      /^web\.1 ended with exit code 1\n {2}TypeError: .*\n {2}see .*app-web\.1\.log$/,
    ),
  })
})

test('no cookie and no key stands in the log of the app', async () => {
  const { deploy, visitor, click, logs } = await startExampleApp('by-hand.js')
  const pair = `${freshKey()},${freshKey()}`
  await deploy({ version: 2, config: { SECURE_KEY: pair } })
  await visitor.logIn()
  await click(2)
  expect(logs().trim()).toBe('')
})

test('a config var takes neither the port of a process nor what the local stack gives it', async () => {
  const { deploy, visitor, running } = await startExampleApp('by-hand.js', { NODE_OPTIONS: '' })
  const config = {
    SECURE_KEY: `${freshKey()},${freshKey()}`,
    PORT: '1',
    HOST: '8.8.8.8',
    NODE_OPTIONS: '--nonsense',
  }
  await deploy({ version: 2, config })
  expect(running()).toHaveLength(2)
  expect(await visitor.logIn()).toBe(true)
})

test('a process of the app ends in good order while a browser keeps its connection open', async () => {
  const process = await startAppProcess(
    { folder: exampleFolder, program: 'by-hand.js', env: {}, logFolder: scratchFolder() },
    'web.1',
    { version: 2, config: { SECURE_KEY: `${freshKey()},${freshKey()}` } },
    new AbortController().signal,
  )
  onTestFinished(async () => void (await process.stop()))
  const browser = new Agent({ keepAlive: true })
  onTestFinished(() => browser.destroy())
  const [answer] = await once(get({ port: process.port, host: '127.0.0.1', agent: browser }), 'response')
  answer.resume()
  await once(answer, 'end')
  expect(await process.stop()).toBe('ended with exit code 0')
})

test('a process that comes up too late, because everything ends, is stopped again', async () => {
  const closing = new AbortController()
  const starting = startAppProcess(
    { folder: exampleFolder, program: 'by-hand.js', env: {}, logFolder: scratchFolder() },
    'web.1',
    { version: 2, config: { SECURE_KEY: `${freshKey()},${freshKey()}` } },
    closing.signal,
  )
  closing.abort(new Error('everything ends'))
  await expect(starting).rejects.toThrow('everything ends')
})
