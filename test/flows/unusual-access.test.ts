import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Person } from '../../src/domain/actor.ts'
import { MANY, SETTLED_DAYS } from '../../src/domain/usual-access.ts'
import { markAccessKnown } from '../../src/flows/access/mark-known.ts'
import { readAccess } from '../../src/flows/access/read-access.ts'
import { MOST_TOLD } from '../../src/flows/access/tell-unusual.ts'
import { readKeyring } from '../../src/flows/api/read-keyring.ts'
import { downloadHistory } from '../../src/flows/dashboard/download-history.ts'
import { revealKey } from '../../src/flows/dashboard/reveal-key.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { enrolClient } from '../../src/flows/tokens/make-token.ts'
import { useToken } from '../../src/flows/tokens/use-token.ts'
import { MOST_NETWORKS, MOST_SUBJECTS } from '../../src/store/access.ts'
import { tokenOf } from '../api/support/token.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { historyOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'
import { sharedHarness } from '../support/shared-harness.ts'

const harness = sharedHarness()

const person = (name: string, address = '203.0.113.9'): Person => ({
  type: 'person',
  userId: name,
  email: `${name}@example.com`,
  verified: true,
  address,
})
const ADA = person('ada')
const CAFE = '198.51.100.7'

let made = 0
/** A new resource of the shared service, whose keys Ada has seen. */
async function startWithAda() {
  const { deps, clock } = harness()
  made += 1
  const { resourceId } = await provisionResource(deps, provisionRequest({ resourceId: uuid(made) }))
  const h = { deps, clock, addon: { id: resourceId } }
  const reveal = (actor = ADA, by: Deps = deps) => revealKey(by, { resourceId, actor, version: 2 })
  await reveal()
  const told = async () => (await historyOf(deps, resourceId)).filter(({ kind }) => kind === 'unusual-access')
  const reasons = async () => (await told()).map(({ details }) => details?.because)
  return { ...h, resourceId, reveal, told, reasons }
}

const TABLES = ['access_subjects', 'access_networks', 'unusual_accesses', 'first_lookers'] as const

describe('unusual access', () => {
  test('is told in the transaction of the access, right behind it, and says why', async () => {
    const { deps, resourceId, reveal } = await startWithAda()
    await reveal(person('bob', CAFE))
    expect((await historyOf(deps, resourceId)).slice(-2)).toMatchObject([
      { kind: 'key-revealed' },
      {
        kind: 'unusual-access',
        actor: { email: 'bob@example.com', address: CAFE },
        details: {
          why: 'bob@example.com saw a key for the first time, from 198.51.100.0/24.',
          because: 'new-person',
          who: 'bob@example.com',
          from: '198.51.100.0/24',
        },
      },
    ])
    const { rows } = await sql<{ by: string }>`
      select xmin::text as by from history where resource_id = ${resourceId} and seq > 2
      union all select xmin::text from unusual_accesses where resource_id = ${resourceId}
      union all select xmin::text from access_subjects
        where resource_id = ${resourceId} and subject = 'person:bob'`.execute(deps.db)
    expect(rows).toHaveLength(4)
    expect(new Set(rows.map(({ by }) => by)).size).toBe(1)
  })

  test('is not told of the first person who looks, who is learned all the same', async () => {
    const { deps, resourceId, reasons } = await startWithAda()
    expect(await reasons()).toEqual([])
    expect((await readAccess(deps, resourceId)).accessors).toMatchObject([
      {
        kind: 'person',
        id: 'ada',
        who: 'ada@example.com',
        networks: [{ network: '203.0.113.0/24' }],
      },
    ])
  })

  test('is told of a second person after the first was forgotten', async () => {
    const { clock, reveal, reasons } = await startWithAda()
    clock.advance(100 * DAY)
    await reveal(person('bob'))
    expect(await reasons()).toEqual(['new-person'])
  })

  test('is told of by whichever way keys or the history were handed out', async () => {
    const { deps, resourceId, told } = await startWithAda()
    await readKeyring(deps, { resourceId, actor: person('bob'), known: () => false })
    const files = downloadHistory(deps, { resourceId, actor: person('eve'), format: 'csv' })
    for await (const rows of files) void rows
    expect((await told()).map(({ details }) => details?.why)).toEqual([
      'bob@example.com read the keys for the first time, from 203.0.113.0/24.',
      'eve@example.com downloaded the history for the first time, from 203.0.113.0/24.',
    ])
  })

  test('is told once a day for each reason and person', async () => {
    const { clock, reveal, reasons } = await startWithAda()
    for (const address of ['198.51.100.1', '192.0.2.1', '192.0.3.1']) {
      await reveal(person('ada', address))
      clock.advance(HOUR)
    }
    expect(await reasons()).toEqual(['new-network'])
    clock.advance(DAY)
    await reveal(person('ada', '192.0.4.1'))
    expect(await reasons()).toEqual(['new-network', 'new-network'])
  })

  test('is told once when it comes to two processes at the same moment', async () => {
    const { deps, resourceId, reveal, reasons } = await startWithAda()
    const other = await harness().anotherProcess()
    const held = await holdKeyset(deps.db, resourceId)
    const revealing = [deps, other].map((by) => reveal(person('bob'), by))
    await untilSomeWait(deps.db, 2)
    held.release()
    await Promise.all(revealing)
    expect(await reasons()).toEqual(['new-person'])
  })

  test('is told so many times a day at the most, whoever comes', async () => {
    const { reveal, reasons } = await startWithAda()
    for (let count = 0; count < MOST_TOLD + 5; count += 1) await reveal(person(`p${count}`))
    expect(await reasons()).toHaveLength(MOST_TOLD)
  })

  test('is told when somebody shows keys ten times within an hour', async () => {
    const { clock, reveal, told } = await startWithAda()
    for (let count = 1; count < MANY; count += 1) {
      clock.advance(6 * MINUTE)
      expect(await told()).toEqual([])
      await reveal()
    }
    expect(await told()).toMatchObject([{ details: { because: 'many-shown', count: MANY } }])
  })
})

describe('the use of a token', () => {
  async function startWithToken(kind: 'api' | 'client' = 'api') {
    const h = await startWithAda()
    const { resourceId, deps } = h
    const token =
      kind === 'api'
        ? await tokenOf(h, ['read'], { lifeMs: 300 * DAY })
        : await enrolClient(deps, { resourceId, actor: ADA, name: 'backup' })
    const text = 'outcome' in token && token.outcome !== 'made' ? '' : token.text
    const use = (address: string) => useToken(deps, text, kind, address)
    const settle = async () => {
      for (let day = 0; day <= SETTLED_DAYS; day += 1) {
        await use('203.0.113.9')
        h.clock.advance(DAY)
      }
    }
    return { ...h, use, settle }
  }

  test.each(['api', 'client'] as const)(
    'from another network is told of when it is settled: %s',
    async (kind) => {
      const { use, settle, told } = await startWithToken(kind)
      await settle()
      await use('203.0.113.200')
      expect(await told()).toEqual([])
      await use(CAFE)
      await use(CAFE)
      expect(await told()).toMatchObject([
        {
          actor: { type: kind === 'api' ? 'token' : 'client' },
          details: {
            because: 'program-elsewhere',
            from: '198.51.100.0/24',
            before: '203.0.113.0/24',
          },
        },
      ])
    },
  )

  test('is written down once a day for each network', async () => {
    const { deps, resourceId, use } = await startWithToken()
    const rows = () =>
      sql<object>`select xmin, * from access_subjects where resource_id = ${resourceId}`.execute(deps.db)
    await use(CAFE)
    const first = await rows()
    await Promise.all([use(CAFE), use('198.51.100.8')])
    expect((await rows()).rows).toEqual(first.rows)
  })

  test('leaves a bounded number of networks, and writes seldom when there are more', async () => {
    const { deps, resourceId, use, reasons } = await startWithToken()
    for (let count = 0; count < MOST_NETWORKS + 10; count += 1) await use(`10.0.${count}.1`)
    const ofToken = async () => {
      const rows = await deps.db
        .selectFrom('access_networks')
        .select('network')
        .where('resource_id', '=', resourceId)
        .where('subject', 'like', 'token:%')
        .execute()
      return rows.map(({ network }) => network)
    }
    expect(await ofToken()).toHaveLength(MOST_NETWORKS)
    expect(await ofToken()).not.toContain('10.0.105.0/24')
    harness().clock.advance(MINUTE)
    await use('10.0.105.1')
    expect(await ofToken()).toHaveLength(MOST_NETWORKS)
    expect(await ofToken()).toContain('10.0.105.0/24')
    expect(await reasons()).toEqual([])
  })
})

describe('what is learned', () => {
  test('is bounded by the people that are kept: who was seen longest ago goes', async () => {
    const { deps, clock, resourceId, reveal } = await startWithAda()
    await sql`
      insert into access_subjects (resource_id, subject, who, first_at, last_at)
      select ${resourceId}, 'person:' || n, '', ${clock.now()}, ${clock.now()}
        from generate_series(1, ${MOST_SUBJECTS}) n`.execute(deps.db)
    clock.advance(MINUTE)
    await reveal(person('bob'))
    const rows = await deps.db
      .selectFrom('access_subjects')
      .select('subject')
      .where('resource_id', '=', resourceId)
      .execute()
    expect(rows).toHaveLength(MOST_SUBJECTS)
    expect((await readAccess(deps, resourceId)).accessors[0]).toMatchObject({ id: 'bob' })
  })

  test('is gone from the database after 90 days, also of a resource that nobody uses any more', async () => {
    const quiet = await startWithAda()
    quiet.clock.advance(91 * DAY)
    const busy = await startWithAda()
    // Some of what is old goes with each network that is new.
    for (const name of ['bob', 'eve', 'ann', 'joe']) await busy.reveal(person(name))
    for (const table of ['access_subjects', 'access_networks'] as const) {
      const rows = await busy.deps.db
        .selectFrom(table)
        .select('subject')
        .where('resource_id', '=', quiet.resourceId)
        .execute()
      expect(rows).toEqual([])
    }
  })

  test('goes with its resource', async () => {
    const { deps, resourceId, reveal } = await startWithAda()
    await reveal(person('bob'))
    const left = () =>
      Promise.all(
        TABLES.map(async (table) => {
          const rows = await deps.db
            .selectFrom(table)
            .select('resource_id')
            .where('resource_id', '=', resourceId)
            .execute()
          return rows.length > 0
        }),
      )
    expect(await left()).toEqual([true, true, true, true])
    await deprovision(deps, { resourceId })
    expect(await left()).toEqual([false, false, false, false])
  })
})

test('what was told is known once somebody has said so, up to the moment that they saw', async () => {
  const { deps, clock, resourceId, reveal } = await startWithAda()
  await reveal(person('bob'))
  const until = clock.now()
  clock.advance(MINUTE)
  await reveal(person('eve'))
  expect(await markAccessKnown(deps, { resourceId, actor: ADA, until })).toBe(1)
  expect(await markAccessKnown(deps, { resourceId, actor: ADA, until })).toBe(0)
  expect((await readAccess(deps, resourceId)).unusual).toMatchObject([
    { subject: 'person:eve', knownAt: null },
    { subject: 'person:bob', knownAt: clock.now() },
  ])
  expect((await historyOf(deps, resourceId)).at(-1)).toMatchObject({
    kind: 'unusual-access-known',
    actor: { email: 'ada@example.com' },
    details: { accesses: 1, until: until.toISOString() },
  })
})

describe('it costs little', () => {
  /** What is asked of the database meanwhile. */
  function listening(deps: Deps) {
    const asked: string[] = []
    const db = deps.db.withPlugin({
      transformQuery: ({ node }) => {
        asked.push(JSON.stringify(node))
        return node
      },
      transformResult: async ({ result }) => result,
    })
    return { asked, deps: { ...deps, db } }
  }
  const about = (asked: readonly string[]) => asked.filter((node) => /access_|unusual_/.test(node)).length

  test('a reveal has three statements more', async () => {
    const { deps, reveal } = await startWithAda()
    const { asked, deps: by } = listening(deps)
    await reveal(ADA, by)
    expect(asked.length).toBeGreaterThan(5)
    expect(about(asked)).toBe(3)
  })

  test('a token that was used today from there has none more, and one that reads the keys has one', async () => {
    const h = await startWithAda()
    const { id, text } = await tokenOf(h, ['keyring'])
    const actor = { type: 'token', id, name: 'ci', address: CAFE } as const
    const { asked, deps } = listening(h.deps)
    const counts: number[] = []
    for (let time = 0; time < 2; time += 1) {
      asked.length = 0
      await useToken(deps, text, 'api', CAFE)
      counts.push(asked.length)
      asked.length = 0
      await readKeyring(deps, { resourceId: h.resourceId, actor, known: () => false })
      counts.push(about(asked))
    }
    // The look for the token, which is joined to that for its network; and the look for its resource.
    expect(counts.slice(2)).toEqual([2, 1])
  })
})
