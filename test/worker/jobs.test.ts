import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { createUnsealGuard } from '../../src/flows/rotation/unseal-guard.ts'
import { createJobs } from '../../src/worker/jobs.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { callsTo, type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { DAY, MINUTE, SECOND, startHarness } from '../support/harness.ts'
import {
  endedRotations,
  kindsOf,
  provisionRequest,
  provisionResource,
  tokenCalls,
  uuid,
} from '../support/resource.ts'

const NEVER = new AbortController().signal
const OPTIONS = { concurrency: 5, claimLimit: 2, closing: NEVER, shutdown: NEVER }
const GRANTS_PER_BATCH = 20

/** The jobs by name, in the order in which a worker looks at them. */
function jobsOf(deps: Deps) {
  const jobs = createJobs(deps, createUnsealGuard(deps), OPTIONS)
  const claim = (name: string) => jobs.find((job) => job.name === name)?.claim()
  return { names: jobs.map(({ name, urgent }) => `${name}${urgent ? ', urgent' : ''}`), claim }
}

/** So many resources whose rotation is due, and whose grant code nobody has exchanged. */
async function startDue(count: number) {
  const h = await startHarness()
  for (let number = 1; number <= count; number += 1) {
    const grant = { code: `code ${number}`, expiresAt: new Date(h.clock.now().getTime() + MINUTE) }
    await provisionResource(h.deps, provisionRequest({ resourceId: uuid(number), grant }))
  }
  h.clock.advance(14 * DAY)
  return { ...h, ...jobsOf(h.deps) }
}

async function claimed({ db }: Deps, queue: 'keysets' | 'oauth_grants'): Promise<number> {
  const rows = await db
    .selectFrom(queue)
    .select('resource_id')
    .where('claimed_until', '>', new Date('2026-03-10'))
    .execute()
  return rows.length
}

test('grants come before rotations, for their codes live for minutes, and those who made tokens are looked for last', async () => {
  const { deps } = await startHarness()
  expect(jobsOf(deps).names).toEqual(['grants, urgent', 'rotations', 'questions, urgent', 'makers'])
})

test('where nothing is due there is no batch', async () => {
  const { deps } = await startHarness()
  const { claim } = jobsOf(deps)
  expect([await claim('grants'), await claim('rotations')]).toEqual([undefined, undefined])
})

test('a batch of grants is bounded, and is worked off to the end', async () => {
  const { deps, claim } = await startDue(GRANTS_PER_BATCH + 1)
  const first = await claim('grants')
  expect(await claimed(deps, 'oauth_grants')).toBe(GRANTS_PER_BATCH)
  const second = await claim('grants')
  expect(await claimed(deps, 'oauth_grants')).toBe(GRANTS_PER_BATCH + 1)
  await Promise.all([first?.(), second?.()])
  const grants = await deps.db.selectFrom('oauth_grants').select('state').execute()
  expect(new Set(grants.map(({ state }) => state))).toEqual(new Set(['lost']))
})

test('a batch of rotations is bounded, and says what each of its resources came to', async () => {
  const { deps, claim } = await startDue(OPTIONS.claimLimit + 1)
  const first = await claim('rotations')
  expect(await claimed(deps, 'keysets')).toBe(OPTIONS.claimLimit)
  expect(await first?.()).toEqual(['failed', 'failed'])
  expect(await (await claim('rotations'))?.()).toEqual(['failed'])
})

test('a job that fails stops no other, and the tick tells of it', async () => {
  const h = await startWithAddon()
  const grant = { code: 'code', expiresAt: new Date(h.clock.now().getTime() + MINUTE) }
  await provisionResource(h.deps, provisionRequest({ grant }))
  // Postgres refuses to claim a grant.
  await sql`alter table oauth_grants add constraint no_claim check (fence = 1)`.execute(h.deps.db)
  h.clock.advance(14 * DAY)
  await expect(h.worker1.tick()).rejects.toThrow('no_claim')
  expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([{ kind: 'rotated' }])
})

/** Add-ons on apps of their own, one more than a worker prepares at a time, all of them due. */
async function startBacklog(): Promise<HarnessWithAddon> {
  const h = await startWithAddon()
  for (let number = 2; number <= 9; number += 1) {
    await h.heroku.customer.createApp(`service-${number}`)
    const { id } = await h.heroku.customer.createAddon({ app: `service-${number}`, plan: 'fortnightly' })
    await expect.poll(() => kindsOf(h.deps, id)).toContain('grant-exchanged')
  }
  h.clock.advance(14 * DAY)
  return h
}

test.each([
  ['a grant that comes while a backlog is worked off is exchanged in between', false],
  ['a backlog is worked off although grants cannot be claimed meanwhile', true],
])('%s', async (_title, broken) => {
  const h = await startBacklog()
  const { platform } = h.deps
  let pushed = false
  const deps: Deps = {
    ...h.deps,
    platform: {
      ...platform,
      async writeConfig(access, value) {
        if (!pushed) {
          pushed = true
          const grant = { code: 'code', expiresAt: new Date(h.clock.now().getTime() + MINUTE) }
          await provisionResource(h.deps, provisionRequest({ grant }))
          if (broken)
            await sql`alter table oauth_grants add constraint no_claim check (fence = 1) not valid`.execute(
              h.deps.db,
            )
          h.clock.advance(20 * SECOND)
        }
        return await platform.writeConfig(access, value)
      },
    },
  }
  const worker = createWorker(deps, { concurrency: 1, claimLimit: 1, clockOffsetMs: async () => 0 })
  const exchanged = tokenCalls(h, 'authorization_code').length
  expect(await worker.tick()).toMatchObject({ promoted: 9, failed: 0 })
  const pushes = callsTo(h, 'PATCH', '/config')
  expect(pushes).toHaveLength(9)
  const more = tokenCalls(h, 'authorization_code').slice(exchanged)
  if (broken) {
    expect(more).toEqual([])
    expect(h.logLines.join('')).toMatch(/"job":"grants".*job failed/)
  } else {
    expect(more).toHaveLength(1)
    expect(more[0]?.seq).toBeLessThan(pushes.at(-1)?.seq ?? 0)
  }
})
