import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { createGroupClaims } from '../../src/flows/group.ts'
import { type Confirmed, promoteGroup } from '../../src/flows/promote.ts'
import { workOnClaims } from '../../src/flows/work-on-claims.ts'
import { createRotationWorker } from '../../src/worker/rotation-worker.ts'
import { DAY, SECOND } from '../support/harness.ts'
import { auditActions } from '../support/resource.ts'
import { type Life, startLife } from './support/customer-app.ts'
import { gateAtPush } from './support/gate.ts'

/** Claims and pushes what is due; answers the confirmations instead of promoting them. */
async function confirmedBy(life: Life): Promise<Confirmed[]> {
  const group = await createGroupClaims(life.deps)(10)
  if (!group) throw new Error('nothing is due')
  const never = new AbortController().signal
  const confirmed: Confirmed[] = []
  await workOnClaims(life.deps, {
    ...group,
    closing: never,
    signal: never,
    callSignal: never,
    run: (work) => work(),
    async promote(one) {
      confirmed.push(one)
      return 'overtaken'
    },
  })
  return confirmed
}

test('a confirmation that waited out its lease is not promoted beside that of the claim which took over', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const confirmed = [...(await confirmedBy(life)), ...(await confirmedBy(life))]
  expect(confirmed).toHaveLength(2)
  expect(await promoteGroup(life.deps, confirmed)).toEqual(['overtaken', 'promoted'])
  const actions = await auditActions(life.deps, life.id)
  expect(actions.filter((action) => action === 'key-promoted')).toHaveLength(1)
  expect(life.pushed()).toHaveLength(1)
})

test('a claim that fails ends its tick only when the groups under way are done, and they are done', async () => {
  const life = await startLife()
  await life.heroku.customer.createApp('service-2')
  const other = await life.heroku.customer.createAddon({ app: 'service-2', plan: 'fortnightly' })
  await expect.poll(() => auditActions(life.deps, other.id)).toContain('grant-exchanged')
  life.clock.advance(14 * DAY + SECOND)
  await sql`update schedule set wake_at = wake_at - interval '1 hour' where resource_id = ${life.id}`.execute(
    life.deps.db,
  )
  // Postgres refuses the claim of the second add-on.
  await sql`alter table schedule add constraint no_claim check (resource_id <> ${sql.lit(other.id)} or attempt = 0)`.execute(
    life.deps.db,
  )
  const gate = gateAtPush(life.deps, 'before')
  const worker = createRotationWorker(gate.deps, {
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
  expect(await life.rotations()).toMatchObject([{ state: 'done' }])
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
  const worker = createRotationWorker(
    { ...life.deps, now },
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
  expect(looks).toBe(2)
  expect(life.logLines.filter((line) => line.includes('clock differs'))).toHaveLength(1)
})
