import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { DAY, MINUTE, SECOND } from '../support/harness.ts'
import { kindsOf } from '../support/resource.ts'
import { checkBooks } from './support/books.ts'
import { ACTOR, type Life, lifeOf, startLife } from './support/customer-app.ts'
import { gateAtPush } from './support/gate.ts'
import { mortalProcess } from './support/mortal-process.ts'
import { PATIENCE } from './support/patience.ts'
import { rotateClaims, writerForAll } from './support/rotate-claims.ts'

/** So many add-ons that are due at the same moment. */
async function startDue(count: number): Promise<Life[]> {
  const first = await startLife()
  const lives = [first]
  for (let number = 2; number <= count; number += 1) lives.push(await lifeOf(first, `service-${number}`))
  first.clock.advance(14 * DAY)
  return lives
}

/** Add-ons by how a rotation of them ended, or that it did not. */
async function endsOf(lives: readonly Life[]) {
  return await Promise.all(lives.map(async (life) => (await life.rotations()).map(({ end }) => end)))
}

test('a confirmation that waited out its lease is not promoted beside that of the claim which took over', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const write = writerForAll(life.deps, 2)
  const slept = rotateClaims(life.deps, { write })
  await expect.poll(() => life.pushed().length, PATIENCE).toBe(1)
  life.clock.advance(2 * MINUTE)
  const tookOver = rotateClaims(await life.anotherProcess(), { write })
  expect(await Promise.all([slept, tookOver])).toEqual([['given-back'], ['promoted']])
  expect((await life.kinds()).filter((kind) => kind === 'rotated')).toHaveLength(1)
  expect(life.pushed()).toHaveLength(1)
  await checkBooks(life.deps, life.id)
})

test.each([
  ['stored with its key', 'sealed_keys', 'version < 3', 0],
  ['promoted', 'history', `kind <> 'rotated'`, 1],
])(
  'an add-on that cannot be %s stops nobody of its group, and is taken up again',
  async (_, table, check, pushed) => {
    const lives = await startDue(4)
    const [refused, ...others] = lives as [Life, ...Life[]]
    await sql`alter table ${sql.table(table)} add constraint refuses
    check (resource_id <> ${sql.lit(refused.id)} or ${sql.raw(check)}) not valid`.execute(refused.deps.db)
    const outcomes = await rotateClaims(refused.deps)
    expect(outcomes.toSorted()).toEqual(['failed', 'promoted', 'promoted', 'promoted'])
    expect(await endsOf(others)).toEqual(others.map(() => ['rotated']))
    expect(refused.pushed()).toHaveLength(pushed)

    await sql`alter table ${sql.table(table)} drop constraint refuses`.execute(refused.deps.db)
    refused.clock.advance(2 * MINUTE)
    expect(await refused.tick()).toMatchObject({ promoted: 1, failed: 0 })
    expect(refused.pushed()).toHaveLength(1)
    for (const { id } of lives) await checkBooks(refused.deps, id)
  },
)

test.each([
  ['deprovisioned', ({ deps, id }: Life) => deprovision(deps, { resourceId: id }), 'rotation-cancelled'],
  [
    'revoked',
    ({ deps, id }: Life) => revokeKeys(deps, { resourceId: id, actor: ACTOR }),
    'rotation-superseded',
  ],
])(
  'an add-on that is %s while its group is written drops out of it, and of nobody else anything is lost',
  async (_, end, how) => {
    const lives = await startDue(3)
    const [ended, ...others] = lives as [Life, ...Life[]]
    const write = writerForAll(ended.deps, 3, () => end(ended))
    const outcomes = await rotateClaims(ended.deps, { write })
    expect(outcomes.toSorted()).toEqual(['given-back', 'promoted', 'promoted'])
    expect((await endsOf([ended]))[0]?.[0]).toBe(how)
    expect(await endsOf(others)).toEqual(others.map(() => ['rotated']))
    for (const { id } of lives) await checkBooks(ended.deps, id)
  },
)

test('an add-on that somebody changes before its key is stored is given back at once, and nobody else', async () => {
  const lives = await startDue(3)
  const [changed, ...others] = lives as [Life, ...Life[]]
  const ask = () => requestRotation(changed.deps, { resourceId: changed.id, actor: ACTOR })
  const outcomes = await rotateClaims(changed.deps, { store: writerForAll(changed.deps, 3, ask) })
  expect(outcomes.toSorted()).toEqual(['given-back', 'promoted', 'promoted'])
  expect(await endsOf(others)).toEqual(others.map(() => ['rotated']))
  expect(await changed.state()).toMatchObject({ wakeAt: changed.clock.now(), claimedUntil: null })
  expect(changed.pushed()).toEqual([])

  expect(await changed.tick()).toMatchObject({ promoted: 1 })
  expect(await changed.rotations()).toMatchObject([{ reason: 'manual', end: 'rotated', version: 3 }])
})

test('a group costs ten round trips to the database, however many add-ons are in it', async () => {
  const life = await startLife()
  const lives = [life]
  for (let number = 2; number <= 5; number += 1) lives.push(await lifeOf(life, `service-${number}`))
  // By hand, while their first access tokens are good: a refresh concerns each add-on alone.
  for (const { id } of lives) await requestRotation(life.deps, { resourceId: id, actor: ACTOR })
  const process = mortalProcess(life.deps, life.databaseUrl)
  const outcomes = await rotateClaims(process.deps, {
    store: writerForAll(process.deps, 5),
    write: writerForAll(process.deps, 5),
  })
  expect(outcomes).toEqual(lives.map(() => 'promoted'))
  await process.end()
  const statements = process.points
    .filter(({ name }) => name.startsWith('before') && !name.includes('call'))
    .map(({ name }) => name.replace(/^before (a )?|, within$| of .*/g, ''))
  expect(statements).toEqual([
    'claim-resources',
    ...['transaction', 'write-states', 'insert-keys', 'commit'],
    ...['transaction', 'write-states', 'delete-keys', 'insert-told-history', 'commit'],
  ])
  expect(life.heroku.view.apiCalls().filter(({ method }) => method === 'PATCH')).toHaveLength(5)
})

test('a claim that fails ends its tick only when the groups under way are done, and they are done', async () => {
  const life = await startLife()
  await life.heroku.customer.createApp('service-2')
  const other = await life.heroku.customer.createAddon({ app: 'service-2', plan: 'fortnightly' })
  await expect.poll(() => kindsOf(life.deps, other.id)).toContain('grant-exchanged')
  life.clock.advance(14 * DAY + SECOND)
  await sql`update keysets set wake_at = wake_at - interval '1 hour' where resource_id = ${life.id}`.execute(
    life.deps.db,
  )
  // Postgres refuses the claim of the second add-on.
  await sql`alter table keysets add constraint no_claim check (resource_id <> ${sql.lit(other.id)} or fence = 0)`.execute(
    life.deps.db,
  )
  const gate = gateAtPush(life.deps, 'before')
  const worker = createWorker(gate.deps, {
    concurrency: 5,
    claimLimit: 1,
    clockOffsetMs: async () => 0,
  })
  let ended = false
  const ticking = worker.tick().finally(() => {
    ended = true
  })
  const failed = expect(ticking).rejects.toThrow('no_claim')
  await gate.reached
  await sql`select pg_sleep(0.3)`.execute(life.deps.db)
  expect(ended).toBe(false)
  gate.open()
  await failed
  expect(await life.rotations()).toMatchObject([{ end: 'rotated' }])
})

test('a tick that lasts looks at the clock again, and claims no more once it is found wrong', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  let looks = 0
  // Time passes so fast that no claim is in time for a push: each is given back and claimed again, without an end.
  const now = () => {
    life.clock.advance(65 * SECOND)
    return life.clock.now()
  }
  const steadyMs = () => now().getTime()
  const worker = createWorker(
    { ...life.deps, now, steadyMs },
    {
      concurrency: 5,
      claimLimit: 1,
      async clockOffsetMs() {
        looks += 1
        return looks > 1 ? 6_000 : 0
      },
    },
  )
  await worker.tick()
  // Once amid the rotations, and once by the job that comes last, before it claims.
  expect(looks).toBe(3)
  expect(life.logLines.filter((line) => line.includes('clock differs'))).toHaveLength(2)
})
