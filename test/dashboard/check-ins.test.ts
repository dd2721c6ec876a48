import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { checkIn } from '../../src/flows/api/check-in.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { DAY, MINUTE } from '../support/harness.ts'

const kidOf = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 8)

/** The add-on, rotated once. `card`: the text of a card of the first page, without its tags. */
async function startRotated() {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  const say = async (
    process: string | null,
    key: string,
    more: { app?: string | null; good?: number; bad?: number } = {},
  ) => {
    const { app = 'service-1', good, bad = 0 } = more
    const said = { app, process, kid: kidOf(key), version: null }
    const counts = good === undefined ? [] : [{ kid: kidOf(key), good, bad }]
    await checkIn(h.deps, { resourceId: h.addon.id, said, counts })
  }
  const card = async (id: string) => {
    // A sign-on of the same second is the same one.
    h.clock.advance(MINUTE)
    const browser = await signedIn(h, { addon: h.addon.name })
    const { text } = await browser.get(browser.base)
    const found = new RegExp(`<section class="card" id="${id}"[^]*?</section>`).exec(text)?.[0] ?? ''
    return found.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
  }
  return { ...h, ...keysOn(h), say, card }
}

test('beside an app stands what its processes sign with, those first that have not taken the current key', async () => {
  const h = await startRotated()
  for (let web = 1; web <= 5; web += 1) {
    await h.say(`web.${web}`, h.first)
    h.clock.advance(MINUTE)
  }
  await h.say('worker.1', h.second)
  await h.say(null, 'a key of nobody', { app: null })
  const apps = await h.card('apps')
  expect(apps).toContain(`service-1 SECURE_KEY On the current key`)
  const said = [...apps.matchAll(/(\S+) signs with (the \w+ key)/g)].map(
    ([, name, what]) => `${name}: ${what}`,
  )
  expect(said).toEqual([
    'worker.1: the previous key',
    ...['web.5', 'web.4', 'web.3', 'web.2'].map((name) => `${name}: the current key`),
  ])
  expect(apps).toContain('1 more')
  expect(apps).toContain(
    `Processes that name none of these apps a process signs with ${kidOf('a key of nobody')}, which is no key of this add-on now`,
  )
})

test('beside a key stands how many of its signatures processes have seen in the last day, where they count', async () => {
  const h = await startRotated()
  expect(await h.card('keys')).not.toContain('signatures right')
  await h.say('web.1', h.second, { good: 1_200, bad: 0 })
  await h.say('web.1', h.first, { good: 3, bad: 2 })
  await h.say('web.2', h.second, { good: 34 })
  const keys = await h.card('keys')
  expect(keys).toContain('Your processes found 1,234 of its signatures right in the last day.')
  expect(keys).toContain('Your processes found 3 of its signatures right, and 2 wrong in the last day.')
  h.clock.advance(DAY)
  expect(await h.card('keys')).not.toContain('signatures right')
})
