import { hash } from 'node:crypto'
import { expect } from 'vitest'
import type { Simulator } from '../../../simulator/src/simulator.ts'
import { asStored, heldBy, keysIn, kindsOf, makeDue, PATIENCE, pushedTo } from './addon-of-environment.ts'
import type { Environment } from './environment.ts'
import type { AddonName, LivedProduction } from './lived-production.ts'

/** All but the one whose pair nobody here made. */
const ADOPTABLE: AddonName[] = ['rotated', 'revoked', 'opened', 'revoking', 'ended']

/** What a production lived through, and the environment that its backup came back in. */
export type Drill = { past: LivedProduction; place: Environment; world: Simulator }

/** All dates have come, as they have after the time that a restore takes. */
export async function makeAllDue({ past, place }: Drill): Promise<void> {
  await makeDue(place, ...Object.values(past.ids))
}

/** A worker finds Heroku ahead: it takes over what can be, stops at the rest, and pushes nothing at all. */
export async function expectTakenOver({ past, place, world }: Drill): Promise<void> {
  const found = async () => {
    const names = Object.keys(past.ids) as AddonName[]
    const kinds = await Promise.all(
      names.map(async (name) => [name, (await kindsOf(place, past.ids[name])).at(-1)]),
    )
    return Object.fromEntries(kinds)
  }
  await expect.poll(found, PATIENCE).toEqual({
    ...Object.fromEntries(ADOPTABLE.map((name) => [name, 'config-adopted'])),
    foreign: 'config-foreign',
  })
  for (const name of ADOPTABLE) {
    expect(await keysIn(place, past.ids[name]), name).toEqual(asStored(world, past.ids[name]))
  }
  expect(Object.values(past.ids).flatMap((id) => pushedTo(world, id))).toEqual([])
  const bad = past.bad.map((key) => hash('sha256', key))
  const stored = await place.query("select from sealed_keys where encode(digest, 'hex') = any ($1)", [bad])
  expect(stored).toHaveLength(0)
}

/** The schedule goes on from what was taken over, and no key that was revoked comes back. */
export async function expectGoesOn({ past, place, world }: Drill): Promise<void> {
  const ids = ADOPTABLE.map((name) => past.ids[name])
  const before = ids.map((id) => heldBy(world, id).first)
  await makeDue(place, ...ids)
  for (const [index, id] of ids.entries()) {
    await expect.poll(() => heldBy(world, id).second, PATIENCE).toBe(before[index])
    expect(pushedTo(world, id)).toHaveLength(1)
    expect(past.bad.some((key) => pushedTo(world, id).join().includes(key))).toBe(false)
  }
}

/** Nobody is called and nothing is provisioned before a person confirms; then it goes on by itself. */
export async function expectNobodyCalledBeforeConfirm(
  drill: Drill,
  differs: RegExp,
  { restarted = true } = {},
): Promise<void> {
  const { place, world } = drill
  await makeAllDue(drill)
  const [web, worker] = await Promise.all([place.startWeb(), place.startWorker()])
  await worker.printed(/another installation: nobody is called/)
  const { status, text } = await web.readiness()
  expect({ status, text }).toEqual({ status: 503, text: expect.stringMatching(differs) })
  world.setAddonUrl(web.url)
  await world.customer.createApp('late')
  await expect(world.customer.createAddon({ app: 'late', plan: 'daily' })).rejects.toThrow()
  expect(world.view.apiCalls()).toEqual([])
  const confirmedAt = new Date().toISOString()
  expect(await place.run('installation', 'confirm')).toMatch(/^Confirmed \(/)
  // The one that runs goes on within ten seconds.
  if (restarted) await place.startWorker()
  await expectTakenOver(drill)
  expect(world.view.apiCalls().every(({ at }) => at > confirmedAt)).toBe(true)
  if (!restarted) await expect.poll(async () => (await web.readiness()).status, PATIENCE).toBe(200)
}
