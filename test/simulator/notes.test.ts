import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { HerokuError, type SimulatorEvent } from '../../simulator/src/index.ts'
import { removeFolder } from '../support/remove-folder.ts'
import { startHeroku } from './support/start-heroku.ts'

const card = (url: string) => fetch(`${url}/simulator/live`).then((response) => response.text())

test('a note stands on the card of its app until an empty one takes it away', async () => {
  const { simulator } = await startHeroku()
  const { id } = await simulator.customer.createApp('shop')
  await simulator.customer.note('shop', 'web.1 serves <v2>')
  expect(await card(simulator.url)).toContain(`<p class="note" data-note="${id}">web.1 serves &lt;v2&gt;</p>`)
  expect(simulator.view.app('shop').note).toBe('web.1 serves <v2>')
  await simulator.customer.note('shop', '')
  expect(await card(simulator.url)).toContain(`<p class="note" data-note="${id}" hidden></p>`)
})

test('a note may be sent over HTTP', async () => {
  const { simulator } = await startHeroku()
  await simulator.customer.createApp('shop')
  const { status } = await fetch(`${simulator.url}/simulator/actions/note`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app: 'shop', text: 'web.1 serves v2' }),
  })
  expect([status, simulator.view.app('shop').note]).toEqual([200, 'web.1 serves v2'])
})

test('a note is one line of at most 500 characters', async () => {
  const { simulator } = await startHeroku()
  await simulator.customer.createApp('shop')
  await simulator.customer.note('shop', ` a\r\n\u001b[31mb\u2028c\ud800 ${'x'.repeat(1_000)}`)
  const { note } = simulator.view.app('shop')
  expect(note).toMatch(/^a \[31mb c\ufffd x+$/)
  expect(note.length).toBeLessThanOrEqual(500)
})

test('a note is told once, and the same again is no news', async () => {
  const { simulator } = await startHeroku()
  const { id } = await simulator.customer.createApp('shop')
  const told: SimulatorEvent[] = []
  simulator.events.subscribe((event) => told.push(event))
  await simulator.customer.note('shop', 'up')
  await simulator.customer.note('shop', 'up')
  expect(told).toMatchObject([{ type: 'note', app: 'shop', appId: id, text: 'up' }])
})

test('a note for an app that does not exist is refused', async () => {
  const { simulator } = await startHeroku()
  await expect(simulator.customer.note('shop', 'up')).rejects.toThrow(HerokuError)
})

test('a note writes no state', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'notes-'))
  onTestFinished(() => removeFolder(folder))
  const { simulator } = await startHeroku({ statePath: join(folder, 'simulator.json') })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  await simulator.customer.createApp('shop')
  expect(vi.getTimerCount()).toBe(1)
  vi.runAllTimers()
  await simulator.customer.note('shop', 'up')
  expect(vi.getTimerCount()).toBe(0)
})
