import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterRotation } from '../src/domain/after-push.ts'
import { openRotation, withNewKeys } from '../src/domain/resource-state.ts'
import { type Change, writeChanges } from '../src/store/changes.ts'
import type { ClaimedResource } from '../src/store/claimed-resources.ts'
import type { Bench } from './support/bench.ts'
import type { BenchPostgres } from './support/bench-postgres.ts'
import { type Claimer, createClaimer } from './support/claim-timer.ts'
import { figure } from './support/report.ts'
import { createSeeded } from './support/seed.ts'
import { median, shuffled, spread } from './support/statistics.ts'

const CLAIMS_PER_ROUND = 10
const GROUP = 500
const DAY_MS = 86_400_000
const ALL_DUE = new Date(Date.now() + 15 * DAY_MS)
const SEALED_KEY_BYTES = 61

type Hindrance = (claimer: Claimer, url: string) => Promise<() => Promise<void>>

/** A claim of 100 with much in front of it: rows that others have claimed, and versions that an old snapshot keeps. */
export const bench: Bench = async ({ postgres, quick }) => {
  const resources = quick ? 40_000 : 300_000
  const claimed = quick ? 10_000 : 50_000
  const rotated = quick ? 10_000 : 100_000
  const rounds = quick ? 2 : 5
  await createSeeded(postgres, 'way_template', { all: resources, due: 0 })
  const cases: Record<string, Hindrance> = {
    fresh: async () => async () => {},
    [`${figure(claimed)} rows claimed in front`]: async (claimer) => {
      for (let rows = 0; rows < claimed; rows += GROUP) await claimer.claim(GROUP)
      return async () => {}
    },
    [`after ${figure(rotated)} rotations`]: async (claimer) => {
      await rotate(claimer, rotated)
      return async () => {}
    },
    [`after ${figure(rotated)} rotations, old snapshot`]: async (claimer, url) => {
      const endSnapshot = await openSnapshot(url)
      await rotate(claimer, rotated)
      return endSnapshot
    },
  }
  const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
  const plans: Record<string, string> = {}
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, hindrance] of shuffled(Object.entries(cases))) {
      const { own, plan } = await timed(postgres, hindrance)
      times.get(name)?.push(...own)
      plans[name] = plan
      process.stderr.write(`round ${round + 1} ${name}: ${figure(median(own))} ms\n`)
    }
  }
  const fresh = median(times.get('fresh') ?? [])
  return {
    table: [...times].map(([name, own]) => ({
      'in the way': name,
      'claim of 100, ms': figure(median(own)),
      'times fresh': (median(own) / fresh).toFixed(2),
      spread: spread(own),
    })),
    notes: [
      `${resources} resources, all due, ${rounds} shuffled rounds of ${CLAIMS_PER_ROUND} claims. A rotation here is all that it writes: its claim, its key, its promotion. The sealed keys are random bytes.`,
      ...Object.entries(plans).map(([name, plan]) => `\n${name}:\n${plan}`),
    ],
    raw: { times: Object.fromEntries(times), plans },
  }
}

async function timed(postgres: BenchPostgres, hindrance: Hindrance) {
  const url = await postgres.create('way_run', 'way_template')
  const claimer = createClaimer(url)
  claimer.setNow(ALL_DUE)
  // A connection has settled on a plan after five claims.
  for (let i = 0; i < 6; i += 1) await claimer.claim(1)
  const end = await hindrance(claimer, url)
  const own: number[] = []
  for (let i = 0; i < CLAIMS_PER_ROUND; i += 1) own.push((await claimer.time()).ms)
  const plan = await claimer.explain()
  await end()
  await claimer.close()
  return { own, plan }
}

/** Rotates so many resources, oldest first: each is due again two weeks later. */
async function rotate({ db, claim }: Claimer, count: number): Promise<void> {
  for (let rows = 0; rows < count; rows += GROUP) {
    const opened = (await claim(GROUP)).map(opening)
    const promoted = opened.map(promotion)
    for (const changes of [opened, promoted]) {
      await db.transaction().execute((trx) => writeChanges(trx, changes, ALL_DUE))
    }
  }
}

/** Its rotation is opened, its key stored. */
function opening({ resourceId, fence, revision, state }: ClaimedResource): Change {
  const version = state.lastVersion + 1
  const intent = { reason: 'scheduled', dueAt: state.nextRotationAt, openedBy: { type: 'worker' } } as const
  const digest = randomBytes(32)
  const fingerprint = digest.toString('hex', 0, 4)
  return {
    resourceId,
    fence,
    revision,
    by: 'claim',
    state,
    to: withNewKeys(openRotation(state, intent, ALL_DUE), { key: version, filler: null, next: null }),
    keys: [{ resourceId, version, fingerprint, digest, sealed: randomBytes(SEALED_KEY_BYTES) }],
    events: [],
  }
}

function promotion({ resourceId, fence, revision, to: state, keys }: Change): Change {
  const facts = {
    grace: { until: 'next-rotation' },
    periodMs: 14 * DAY_MS,
    publishedAt: ALL_DUE,
    doubtful: false,
    epoch: 0,
  } as const
  const { state: to, erased } = afterRotation(state, facts, ALL_DUE)
  const { version = 0, fingerprint = '' } = keys?.[0] ?? {}
  const rotation = { reason: 'scheduled', dueAt: ALL_DUE, openedAt: ALL_DUE } as const
  const event = {
    at: ALL_DUE,
    kind: 'rotated',
    actor: { type: 'worker' },
    rotation: { ...rotation, nextRotationAt: to.nextRotationAt },
    key: { version, fingerprint },
    madeAt: ALL_DUE,
    publishedAt: ALL_DUE,
    erased,
    attempts: 1,
  } as const
  return { resourceId, fence, revision, state, to, by: 'claim', erased, events: [event] }
}

/** A report or a dump that is still running: nothing that was there at its start may be vacuumed. */
async function openSnapshot(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin isolation level repeatable read')
  await client.query('select count(*) from heroku_budget')
  return async () => {
    await client.query('rollback')
    await client.end()
  }
}
