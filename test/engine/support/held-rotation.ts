import { DAY, MINUTE } from '../../support/harness.ts'
import { type Life, type LifeOptions, startLife } from './customer-app.ts'
import { gateAtPush } from './gate.ts'
import { tickOf } from './ticks.ts'

/** Longer than any lease. */
export const LEASE_AND_MORE = 2 * MINUTE

/** A rotation that is due, held at its push, before or after Heroku has acted on it. */
export async function heldRotation(side: 'before' | 'after', options: LifeOptions = {}) {
  const life = await startLife(options)
  const before = life.held()
  life.clock.advance(14 * DAY)
  const gate = gateAtPush(await life.anotherProcess(), side)
  const ticking = tickOf(gate.deps)
  await gate.reached
  return {
    ...life,
    before,
    async finish() {
      gate.open()
      return await ticking
    },
  }
}

/** All rows of the add-on that a worker writes. */
export async function storedRows({ deps: { db }, id }: Pick<Life, 'deps' | 'id'>) {
  const [keysets, keys, history] = await Promise.all([
    db.selectFrom('keysets').selectAll().where('resource_id', '=', id).execute(),
    db.selectFrom('sealed_keys').selectAll().where('resource_id', '=', id).orderBy('version').execute(),
    db.selectFrom('history').selectAll().where('resource_id', '=', id).orderBy('seq').execute(),
  ])
  return { keysets, keys, history }
}
