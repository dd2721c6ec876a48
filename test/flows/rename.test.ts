import { describe, expect, test } from 'vitest'
import { sessionOf } from '../../src/flows/dashboard/attached-apps.ts'
import { revokeByName } from '../../src/flows/dashboard/revoke-by-name.ts'
import { findResourceIdByName } from '../../src/store/resource-names.ts'
import { findResource } from '../../src/store/resources.ts'
import { callsTo, type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, SECOND } from '../support/harness.ts'
import { historyOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'

const actor = { type: 'person', userId: 'u', email: 'a@example.com', verified: true, address: null } as const
const NEW = 'keys-of-ann'

const rename = (h: HarnessWithAddon, name = NEW) => h.heroku.customer.rename({ addon: h.addon.name, name })
/** Heroku is asked which apps have the add-on, as a page and a worker do. */
const look = async (h: HarnessWithAddon) => await (await sessionOf(h.deps, h.addon.id))?.listAttachments()
const revoke = (h: HarnessWithAddon, typedName: string) =>
  revokeByName(h.deps, { resourceId: h.addon.id, actor, typedName })
const nameOf = async (h: HarnessWithAddon) => (await findResource(h.deps.db, h.addon.id))?.name

describe('an add-on that was renamed at Heroku', () => {
  test('has its new name here after the next look at its attachments, and the history tells it once', async () => {
    const h = await startWithAddon()
    await rename(h)
    for (let looks = 0; looks < 3; looks += 1) await look(h)
    expect(await nameOf(h)).toBe(NEW)
    const told = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'renamed')
    expect(told).toMatchObject([{ actor: { type: 'heroku' }, details: { from: h.addon.name, to: NEW } }])
  })

  test('is found by a worker that asks whether the apps have the key', async () => {
    const h = await startWithAddon({ grace: '2h' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    await rename(h)
    h.clock.advance(2 * HOUR + SECOND)
    await h.worker1.tick()
    expect(await nameOf(h)).toBe(NEW)
  })

  test('is found by both names, and another that has the former one now goes before it', async () => {
    const h = await startWithAddon()
    await rename(h)
    await look(h)
    const { db } = h.deps
    expect(await findResourceIdByName(db, NEW)).toBe(h.addon.id)
    expect(await findResourceIdByName(db, h.addon.name)).toBe(h.addon.id)
    await provisionResource(h.deps, provisionRequest({ resourceId: uuid(2), name: h.addon.name }))
    expect(await findResourceIdByName(db, h.addon.name)).toBe(uuid(2))
    expect(await findResourceIdByName(db, 'no-such-name')).toBeUndefined()
  })

  test('keeps its rotation: a worker that holds it is not disturbed', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    const before = await h.deps.db.selectFrom('keysets').select('revision').executeTakeFirst()
    await rename(h)
    await look(h)
    expect(await h.deps.db.selectFrom('keysets').select('revision').executeTakeFirst()).toEqual(before)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test.each([
    ['is empty', ''],
    ['is no text', 7],
    ['holds markup', '<b>keys</b>'],
    ['holds a line break', 'keys\nof ann'],
    ['is longer than any', 'k'.repeat(300)],
  ])('is not given a name that %s', async (_what, name) => {
    const h = await startWithAddon()
    const body = [
      {
        id: uuid(3),
        name: 'SECURE',
        app: { id: uuid(4), name: 'service-1' },
        addon: { id: h.addon.id, name },
      },
    ]
    h.heroku.faults.add({ match: { path: '/addon-attachments' }, kind: 'status', status: 200, body })
    await look(h)
    expect(await nameOf(h)).toBe(h.addon.name)
  })

  test('is not given the name of another add-on that an answer holds', async () => {
    const h = await startWithAddon()
    const body = [
      { id: uuid(3), name: 'X', app: { id: uuid(4), name: 'service-1' }, addon: { id: uuid(9), name: NEW } },
    ]
    h.heroku.faults.add({ match: { path: '/addon-attachments' }, kind: 'status', status: 200, body })
    await look(h)
    expect(await nameOf(h)).toBe(h.addon.name)
  })
})

describe('a revoke is confirmed', () => {
  test('by the true name, though nobody here has heard of it yet', async () => {
    const h = await startWithAddon()
    await rename(h)
    expect(await revoke(h, ` ${NEW.toUpperCase()} `)).toMatchObject({ outcome: 'requested' })
    expect(await nameOf(h)).toBe(NEW)
  })

  test('by the former name for a day, and no longer', async () => {
    const h = await startWithAddon()
    await rename(h)
    await look(h)
    h.clock.advance(DAY)
    expect(await revoke(h, h.addon.name)).toEqual({ outcome: 'name-differs' })
    h.clock.advance(-SECOND)
    expect(await revoke(h, h.addon.name)).toMatchObject({ outcome: 'requested' })
  })

  test('by the id, though Heroku does not answer', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { path: '/addon-attachments' }, kind: 'cut' })
    expect(await revoke(h, NEW)).toEqual({ outcome: 'name-differs' })
    expect(await revoke(h, h.addon.id)).toMatchObject({ outcome: 'requested' })
  })

  test('by no other name, and Heroku is not asked for an empty one', async () => {
    const h = await startWithAddon()
    for (const typed of ['', '  ']) expect(await revoke(h, typed)).toEqual({ outcome: 'name-differs' })
    expect(callsTo(h, 'GET', '/addon-attachments')).toHaveLength(0)
    expect(await revoke(h, 'securekey')).toEqual({ outcome: 'name-differs' })
  })
})
