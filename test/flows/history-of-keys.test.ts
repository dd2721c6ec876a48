import fc from 'fast-check'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import type { HistoryKind } from '../../src/domain/history.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import type { Worker } from '../../src/worker/worker.ts'
import { DAY, type Harness, HOUR, MINUTE } from '../support/harness.ts'
import { randomCases } from '../support/random-cases.ts'
import { historyOf, kindsOf, livesOf } from '../support/resource.ts'
import { sharedHarness } from '../support/shared-harness.ts'

const actor = { type: 'operator' } as const
const PATCH = { method: 'PATCH' }

const harness = sharedHarness()

/** From here on the database itself writes down each key that is ever stored, out of reach of all flows. */
beforeAll(async () => {
  const { db } = harness().deps
  await sql`create table ever_stored (resource_id uuid, version integer, fingerprint text)`.execute(db)
  await sql`
    create function note_key() returns trigger language plpgsql as $$
    begin
      insert into ever_stored values (new.resource_id, new.version, encode(substr(new.digest, 1, 4), 'hex'));
      return null;
    end $$`.execute(db)
  await sql`create trigger note_keys after insert on sealed_keys for each row execute function note_key()`.execute(
    db,
  )
})

type KeyName = { version: number; fingerprint: string }

async function everStored(deps: Deps, resourceId: string): Promise<KeyName[]> {
  const { rows } = await sql<KeyName>`
    select distinct version, fingerprint from ever_stored where resource_id = ${resourceId} order by version`.execute(
    deps.db,
  )
  return rows
}

/** The keys that were stored once, are gone, and that no row of the history names. */
async function untold(deps: Deps, resourceId: string): Promise<KeyName[]> {
  const rows = await historyOf(deps, resourceId)
  const told = new Set(
    rows.flatMap(({ key, filler }) => [key, filler]).map((key) => `${key?.version} ${key?.fingerprint}`),
  )
  const { rows: gone } = await sql<KeyName>`
    select e.version, e.fingerprint from ever_stored e
      left join sealed_keys k on k.resource_id = e.resource_id and k.version = e.version
     where e.resource_id = ${resourceId} and k.version is null`.execute(deps.db)
  return gone.filter(({ version, fingerprint }) => !told.has(`${version} ${fingerprint}`))
}

type Life = Harness & { id: string; worker1: Worker }

let apps = 0
async function startLife(): Promise<Life> {
  const h = harness()
  h.heroku.faults.clear()
  apps += 1
  const app = `service-${apps}`
  await h.heroku.customer.createApp(app)
  const options = { grace: '48h' }
  const { id } = await h.heroku.customer.createAddon({ app, plan: 'fortnightly', options })
  await expect.poll(() => kindsOf(h.deps, id)).toContain('grant-exchanged')
  return { ...h, id, worker1: h.worker() }
}

const failNextPush = (
  fault: { kind: 'cut' | 'truncated-body'; times?: number } | { kind: 'status'; status: number },
) => {
  return ({ heroku, id }: Life) => heroku.faults.add({ match: { ...PATCH, addon: id }, ...fault })
}

const STEPS = {
  minutes: ({ clock }) => clock.advance(5 * MINUTE),
  minute: ({ clock }) => clock.advance(MINUTE),
  hours: ({ clock }) => clock.advance(3 * HOUR),
  days: ({ clock }) => clock.advance(2 * DAY),
  period: ({ clock }) => clock.advance(14 * DAY),
  tick: ({ worker1 }) => worker1.tick(),
  cut: failNextPush({ kind: 'cut', times: 2 }),
  'lost answer': failNextPush({ kind: 'truncated-body' }),
  missing: failNextPush({ kind: 'status', status: 404 }),
  unavailable: failNextPush({ kind: 'status', status: 503 }),
  rotate: ({ deps, id }) => requestRotation(deps, { resourceId: id, actor, evenIfTooSoon: true }),
  retry: ({ deps, id }) => resumeRotation(deps, { resourceId: id, actor }),
  revoke: ({ deps, id }) => revokeKeys(deps, { resourceId: id, actor }),
  shorten: ({ deps, id }) =>
    setGracePeriod(deps, { resourceId: id, actor, grace: { until: 'elapsed', ms: 2 * HOUR } }),
  lengthen: ({ deps, id }) =>
    setGracePeriod(deps, { resourceId: id, actor, grace: { until: 'next-rotation' } }),
  daily: ({ deps, id }) => changePlan(deps, { resourceId: id, plan: 'daily' }),
  monthly: ({ deps, id }) => changePlan(deps, { resourceId: id, plan: 'monthly' }),
} satisfies Record<string, (life: Life) => unknown>

type Step = keyof typeof STEPS

/** Lives so, and then the add-on is removed. At each step every key that is gone has left its name. */
async function live(steps: readonly Step[]): Promise<{ kinds: HistoryKind[]; versions: number[] }> {
  const life = await startLife()
  const { deps, id } = life
  for (const step of steps) {
    await STEPS[step](life)
    expect(await untold(deps, id)).toEqual([])
  }
  await deprovision(deps, { resourceId: id })
  expect(await untold(deps, id)).toEqual([])
  const lives = await livesOf(deps, id)
  const stored = await everStored(deps, id)
  expect(lives.map(({ version, fingerprint }) => ({ version, fingerprint })).toReversed()).toEqual(stored)
  for (const { createdAt, retiredAt } of lives)
    expect(retiredAt?.getTime()).toBeGreaterThanOrEqual(+createdAt)
  const kinds = (await historyOf(deps, id)).map(({ kind }) => kind)
  return { kinds, versions: stored.map(({ version }) => version) }
}

describe('every key that was ever stored leaves its fingerprint in the history', () => {
  test.each<[string, Step[], HistoryKind, number]>([
    ['that a revoke superseded', ['rotate', 'cut', 'tick', 'revoke', 'tick'], 'rotation-superseded', 5],
    ['that went with the add-on', ['rotate', 'cut', 'tick'], 'rotation-cancelled', 3],
    [
      'of a revoke that a second one superseded',
      ['revoke', 'missing', 'tick', 'minutes', 'missing', 'tick', 'revoke', 'tick'],
      'rotation-superseded',
      6,
    ],
    ['that filled the second place', ['rotate', 'tick', 'days', 'tick'], 'filler-published', 4],
    [
      'that a rotation made needless before it filled the second place',
      ['rotate', 'tick', 'days', 'cut', 'tick', 'rotate', 'tick'],
      'rotated',
      5,
    ],
    [
      'that a revoke made needless before it filled the second place',
      ['rotate', 'tick', 'days', 'cut', 'tick', 'revoke', 'tick'],
      'keys-revoked',
      6,
    ],
    [
      'that the end of the add-on made needless before it filled the second place',
      ['rotate', 'tick', 'days', 'cut', 'tick'],
      'deprovisioned',
      4,
    ],
    [
      'of a rotation under way that had found a needless filler, both superseded',
      ['rotate', 'tick', 'days', 'cut', 'tick', 'rotate', 'cut', 'tick', 'revoke', 'tick'],
      'rotation-superseded',
      7,
    ],
  ])('one %s', async (_which, steps, kind, keys) => {
    const { kinds, versions } = await live(steps)
    expect(kinds).toContain(kind)
    expect(versions).toEqual(Array.from({ length: keys }, (_, index) => index + 1))
  })

  test('of any life', async () => {
    const steps = Object.keys(STEPS) as Step[]
    const anyStep = fc.oneof(
      { weight: 2, arbitrary: fc.constant<Step>('tick') },
      { weight: 3, arbitrary: fc.constantFrom(...steps) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 8, maxLength: 30 }), async (life) => {
        await live(life)
      }),
      { ...randomCases(40), endOnFailure: true },
    )
  })
})
