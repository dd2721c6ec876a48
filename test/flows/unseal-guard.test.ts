import { expect, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { DAY, MINUTE, SECOND } from '../support/harness.ts'
import { endedRotations, kindsOf, stateOf } from '../support/resource.ts'

/** A worker of a process with other settings: its key `k1` has other bytes, or it has none of that name. */
function wrongWorker(deps: Deps, id: string) {
  const kek = createLocalKek(id, Uint8Array.from(seededBytes('another key')(32)))
  const wrong: Deps = { ...deps, sealing: createSealing([kek], seededBytes('wrong')) }
  return createWorker(wrong, { concurrency: 20, claimLimit: 100, clockOffsetMs: async () => 0 })
}

async function startDue(count: number) {
  const h = await startWithAddon()
  const ids = [h.addon.id]
  for (let number = 2; number <= count; number += 1) {
    await h.heroku.customer.createApp(`service-${number}`)
    ids.push((await h.heroku.customer.createAddon({ app: `service-${number}`, plan: 'fortnightly' })).id)
  }
  for (const id of ids) await expect.poll(() => kindsOf(h.deps, id)).toContain('grant-exchanged')
  h.clock.advance(14 * DAY)
  return { ...h, ids }
}

const said = (h: HarnessWithAddon) => h.logLines.filter((line) => line.includes('worker cannot unseal'))

/** The data key of one resource is damaged in the database. */
async function damage({ deps }: HarnessWithAddon, id: string, kekId = 'k1'): Promise<void> {
  const wrapped = Buffer.alloc(60, 1)
  await deps.db
    .updateTable('resources')
    .set({ wrapped_dek: wrapped, kek_id: kekId })
    .where('id', '=', id)
    .execute()
}

test.each([
  ['other bytes under the name of the sealing key', 'k1', 3],
  ['no sealing key of that name', 'k9', 3],
  ['other bytes, and there is one add-on', 'k1', 1],
])(
  'a worker with %s burns no attempt, claims nothing more and says why; a healthy one rotates',
  async (_, id, count) => {
    const h = await startDue(count)
    const wrong = wrongWorker(h.deps, id)
    expect(await wrong.tick()).toMatchObject({ promoted: 0, failed: 0 })
    for (let round = 0; round < 30; round += 1) {
      h.clock.advance(10 * SECOND)
      await wrong.tick()
    }
    const states = await Promise.all(h.ids.map((each) => stateOf(h.deps, each)))
    expect(
      states.map(({ attempts, failures, claimedUntil }) => [attempts, failures.length, claimedUntil]),
    ).toEqual(Array(count).fill([0, 0, null]))
    expect(said(h)).toHaveLength(1)
    expect(said(h)[0]).toContain('"kekId":"k1"')
    expect(await h.worker1.tick()).toMatchObject({ promoted: count })
    for (const each of h.ids) expect(await endedRotations(h.deps, each)).toMatchObject([{ attempts: 1 }])
  },
)

test('a grant that such a worker claims is given back, and exchanged by a healthy one', async () => {
  const h = await startDue(2)
  h.heroku.faults.add({ match: { grantType: 'authorization_code' }, kind: 'status', status: 503 })
  await h.heroku.customer.createApp('late')
  const { id } = await h.heroku.customer.createAddon({ app: 'late', plan: 'fortnightly' })
  await expect.poll(() => h.logLines.some((line) => line.includes('will be tried again'))).toBe(true)
  h.clock.advance(MINUTE)
  await wrongWorker(h.deps, 'k1').tick()
  expect(said(h)).toHaveLength(1)
  await h.worker1.tick()
  expect(await kindsOf(h.deps, id)).toContain('grant-exchanged')
})

test.each([
  ['under the key of all', 'k1'],
  ['under a key that is lost', 'k0'],
])('one data key that is damaged, %s, is that add-on’s own failure and stops no worker', async (_, kekId) => {
  const h = await startDue(3)
  const [broken = ''] = h.ids
  await damage(h, broken, kekId)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 2, failed: 1 })
  expect(await stateOf(h.deps, broken)).toMatchObject({ attempts: 1, failures: [{ kind: 'unreadable' }] })
  expect(said(h)).toEqual([])
})

test('a worker that a lone damaged add-on has stopped goes on within a minute of another one coming', async () => {
  const h = await startDue(1)
  await damage(h, h.addon.id)
  await h.worker1.tick()
  expect(said(h)).toHaveLength(1)
  await h.heroku.customer.createApp('service-2')
  const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'daily' })
  await expect.poll(() => kindsOf(h.deps, other.id)).toContain('grant-exchanged')
  h.clock.advance(DAY)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
})
