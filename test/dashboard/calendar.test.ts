import { describe, expect, test } from 'vitest'
import { upcomingRotations } from '../../src/domain/upcoming.ts'
import { parseWindows } from '../../src/domain/windows.ts'
import { addFreeze } from '../../src/flows/dashboard/freezes.ts'
import { freezeAll } from '../../src/flows/operations/freeze-all.ts'
import { calendarPicture } from '../../src/http/dashboard/present/calendar.ts'
import { putOffWords } from '../../src/http/dashboard/present/put-off.ts'
import { pushes, startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { historyOf, stateOf } from '../support/resource.ts'
import { inDays, overview } from './support/made-up-overview.ts'

const DAY = 86_400_000
const SATURDAYS = 'sat 22:00-02:00 Europe/Berlin'

async function start({ grace, rotated = false }: { grace?: string; rotated?: boolean } = {}) {
  const h = await startWithAddon(grace ? { grace } : {})
  if (rotated) {
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
  }
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  const page = () => ann.get(`${ann.base}/calendar`)
  const send = async (path: string, fields: Record<string, string>) =>
    ann.post(`${ann.base}/calendar/${path}`, { form_token: await ann.token(), ...fields })
  return { h, ann, page, send }
}

describe('the page of windows and freezes', () => {
  test('sets windows, and says when the next five restarts come, as the worker serves them', async () => {
    const { h, ann, page, send } = await start()
    expect((await send('windows', { windows: SATURDAYS })).status).toBe(303)
    const { text } = await page()
    expect(text).toContain(`Now: ${SATURDAYS}`)
    const dates = ['2026-03-21T21', '2026-04-04T20', '2026-04-18T20', '2026-05-02T20', '2026-05-16T20']
    for (const date of dates) expect(text).toContain(`datetime="${date}:00:00.000Z"`)
    // What was due on Tuesday says so, and the first page has the date of the restart too.
    expect(text).toContain('datetime="2026-03-17T12:00:00.000Z"')
    expect((await ann.get(ann.base)).text).toContain('datetime="2026-03-21T21:00:00.000Z"')
    h.clock.advance(Date.parse('2026-03-21T21:00:00Z') - h.clock.now().getTime())
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(1)
    expect(
      (await historyOf(h.deps, h.addon.id)).find(({ kind }) => kind === 'windows-changed'),
    ).toMatchObject({
      actor: { email: 'ann@example.com' },
      details: { from: 'any', to: SATURDAYS },
    })
  })

  test('says beside the field what is wrong with windows, and keeps what was typed', async () => {
    const { page, send } = await start()
    const answer = await send('windows', { windows: 'tue 09:00-12:00 <b>Berlin' })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('IANA time zone')
    expect(answer.text).toContain('value="tue 09:00-12:00 &lt;b&gt;Berlin"')
    expect((await page()).text).toContain('Now: at any time')
  })

  test('adds a freeze, shows it with its consequence, and removes it', async () => {
    const { h, page, send } = await start()
    const dates = { from: '2026-03-16', until: '2026-03-22', zone: 'UTC', reason: 'spring sale' }
    expect((await send('freezes', dates)).status).toBe(303)
    const { text } = await page()
    expect(text).toContain('spring sale')
    expect(text).toContain('Frozen: 2026-03-16 to 2026-03-22.')
    expect(text).toContain('datetime="2026-03-23T00:00:00.000Z"')
    const [freeze] = (await stateOf(h.deps, h.addon.id)).calendar.freezes
    expect((await send('freezes/end', { freeze: freeze?.id ?? '' })).status).toBe(303)
    expect((await page()).text).not.toContain('spring sale')
  })

  test('names the restart that takes an old key out among the next, where that comes before the next rotation', async () => {
    const { h, ann, page, send } = await start({ grace: '24h', rotated: true })
    const { text } = await page()
    expect(text).toMatch(/<li><time datetime="2026-03-18T12:00:00\.000Z".*takes the old key out/)
    expect(text).toContain('apps restart on 2026-03-18 at 12:00, on 2026-03-31 at 12:00')
    expect(text).toContain(
      'Each rotation is followed by one more restart, which takes the old key out: 1 day later',
    )
    await send('windows', { windows: SATURDAYS })
    const first =
      /<li><time datetime="2026-03-21T21:00:00\.000Z".*\(22:00 Europe\/Berlin\).*takes the old key out/
    expect((await ann.get(ann.base)).text).toMatch(first)
    h.clock.advance(Date.parse('2026-03-21T21:00:00Z') - h.clock.now().getTime())
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(2)
    const bob = await signedIn(h, { addon: h.addon.name, userId: 'bob', email: 'bob@example.com' })
    expect((await bob.get(bob.base)).text).not.toContain(': takes the old key out')
  })

  test('says on the first page, and beside each date, what it waits for', async () => {
    const { ann, page, send } = await start()
    expect((await ann.get(ann.base)).text).not.toContain('The next rotation waits')
    await send('windows', { windows: SATURDAYS })
    expect((await ann.get(ann.base)).text).toContain('The next rotation waits for a window.')
    await send('freezes', { from: '2026-03-16', until: '2026-03-22', zone: 'UTC', reason: 'spring sale' })
    const waits = 'waits for a window, then for the end of the freeze “spring sale”, then for a window'
    expect((await ann.get(ann.base)).text).toContain(`The next rotation ${waits}.`)
    expect((await page()).text).toContain(`, ${waits}</span>`)
    expect((await page()).text).toContain(', waits for a window</span>')
    expect((await page()).text).toContain('#apps">Every app that the add-on is attached to</a>')
  })

  test('tells the dates of a freeze by the clock by which they were written', async () => {
    const { page, send } = await start()
    await send('freezes', { from: '2026-03-20', until: '2026-03-25', zone: 'Europe/Berlin', reason: '' })
    expect((await page()).text).toContain('2026-03-20 00:00 to 2026-03-26 00:00 Europe/Berlin')
  })

  test('keeps the dates of a freeze that is refused, and says why', async () => {
    const { send } = await start()
    const answer = await send('freezes', {
      from: '2026-03-16',
      until: '2026-03-01',
      zone: 'UTC',
      reason: 'x',
    })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('must end after it begins')
    expect(answer.text).toContain('value="2026-03-16"')
  })

  test('keeps the dates of one freeze too many, and says why', async () => {
    const { h, send } = await start()
    const dates = { from: '2026-03-16', until: '2026-03-22', zone: 'UTC', reason: '' }
    const actor = { type: 'operator' } as const
    for (let added = 0; added < 20; added += 1) {
      await addFreeze(h.deps, { resourceId: h.addon.id, actor, freeze: dates })
    }
    const answer = await send('freezes', dates)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('There are 20 freezes already')
    expect(answer.text).toContain('value="2026-03-16"')
  })

  test('shows a freeze of the partner, which nobody can remove here', async () => {
    const { h, page } = await start()
    await freezeAll(h.deps, { from: '2026-03-16', until: '2026-03-22', zone: 'UTC', reason: 'audit' })
    const { text } = await page()
    expect(text).toContain('audit (by our operators, for all add-ons)')
    expect(text).not.toContain('freezes/end')
  })

  test('says that a press restarts apps outside of the windows', async () => {
    const { ann, send } = await start()
    expect((await ann.get(ann.base)).text).not.toContain('outside of your windows')
    await send('windows', { windows: SATURDAYS })
    expect((await ann.get(ann.base)).text).toContain('outside of your windows or in a freeze')
  })
})

test('a rotation that failed inside its window says when it goes on', async () => {
  const { h, send } = await start()
  await send('windows', { windows: SATURDAYS })
  const page = async () => {
    const bob = await signedIn(h, { addon: h.addon.name, userId: 'bob', email: 'bob@example.com' })
    return (await bob.get(bob.base)).text
  }
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
  h.clock.advance(Date.parse('2026-03-21T21:00:00Z') - h.clock.now().getTime())
  await h.worker1.tick()
  expect(await page()).toContain('A new key is on its way')
  h.clock.advance(DAY / 4)
  const text = await page()
  expect(text).toContain('The rotation goes on in 7 days')
  expect(text).toContain('datetime="2026-03-28T21:00:00.000Z"')
})

describe('the picture', () => {
  const read = parseWindows(SATURDAYS)
  const windows = 'windows' in read ? read.windows : []
  const made = (more: Parameters<typeof overview>[1] = {}) => {
    const plain = overview([], more)
    const { calendar, dueAt, pause, rotation, periodMs, now } = plain
    const upcoming = upcomingRotations({ nextRotationAt: dueAt, pause, rotation, calendar }, periodMs, now, 5)
    return { ...plain, upcoming }
  }
  const calendar = { windows, freezes: [], freezesForAll: [] }

  test('has a row for each week from Monday on, and the restarts on their days by the clock of the zone', () => {
    const picture = calendarPicture(made({ calendar }))
    expect(picture?.zone).toBe('Europe/Berlin')
    const days = picture?.days ?? []
    expect(days.length % 7).toBe(0)
    const restarts = days.flatMap(({ times }, index) => (times === '' ? [] : [{ times, weekday: index % 7 }]))
    expect(restarts.length).toBeGreaterThan(2)
    expect(restarts.every(({ times, weekday }) => times === '22:00' && weekday === 5)).toBe(true)
    // A Saturday's window is open after midnight too.
    const kinds = days.filter(({ kind }) => kind !== 'past').map(({ kind }) => kind)
    expect(new Set(kinds)).toEqual(new Set(['open', 'closed']))
    expect(days.filter(({ today }) => today)).toHaveLength(1)
  })

  test('hatches the days that are frozen whole, and says them in words', () => {
    const { now } = overview([])
    const day = now.toISOString().slice(0, 10)
    const from = new Date(Date.parse(day) + 2 * DAY)
    const freeze = { id: 'a', from, until: new Date(from.getTime() + 3 * DAY), zone: 'UTC', reason: '' }
    const picture = calendarPicture(made({ calendar: { windows: [], freezes: [freeze], freezesForAll: [] } }))
    expect(picture?.days.filter(({ kind }) => kind === 'frozen')).toHaveLength(3)
    const name = (at: number) => new Date(at).toISOString().slice(0, 10)
    expect(picture?.description).toContain(
      `Frozen: ${name(from.getTime())} to ${name(from.getTime() + 2 * DAY)}.`,
    )
  })

  test('is left out where no restart is to come, and where days tell nothing', () => {
    const pause = { at: overview([]).now, until: null, reason: '' }
    expect(calendarPicture(made({ pause }))).toBeNull()
    expect(calendarPicture(made({ periodMs: 3_600_000 }))).toBeNull()
  })
})

test('a date that a pause, a freeze of the partner or a full keyring puts off says so, and one that is served at once says nothing', () => {
  const span = (from: number, until: number, reason: string) => ({
    ...{ id: 'f', from: inDays(from), until: inDays(until), zone: 'UTC', reason },
  })
  const words = (more: Parameters<typeof overview>[1], due: number, served: number) =>
    putOffWords(overview([], more), { dueAt: inDays(due), servedAt: inDays(served) })
  const pause = { at: inDays(-1), until: inDays(5), reason: '' }
  const calendar = { windows: [], freezes: [], freezesForAll: [span(4, 7, 'audit')] }
  expect(words({}, 3, 3)).toBe('')
  expect(words({ pause }, 3, 5)).toBe('for the end of the pause')
  expect(words({ pause, calendar }, 3, 7)).toBe(
    'for the end of the pause, then for the end of our operators’ freeze “audit”',
  )
  expect(words({ calendar: { ...calendar, freezesForAll: [span(2, 4, '')] } }, 3, 4)).toBe(
    'for the end of our operators’ freeze',
  )
  expect(words({ tokenLifeMs: 30 * DAY }, 3, 9)).toContain('all places of the keyring are taken')
  expect(words({ waitsFor: { app: 'service-1', until: inDays(4) } }, 3, 4)).toBe('')
})

test('a week in which two months meet has one name beside it', () => {
  const now = new Date('2026-04-01T12:00:00Z')
  const picture = calendarPicture(overview([], { now, upcoming: [{ dueAt: now, servedAt: now }] }))
  const rows = picture?.months.map(({ y }) => y) ?? []
  expect(new Set(rows).size).toBe(rows.length)
  expect(picture?.months[0]?.name).toBe('Apr')
})
