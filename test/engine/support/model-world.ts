import { sql } from 'kysely'
import { expect } from 'vitest'
import { ANY_TIME, type Calendar } from '../../../src/domain/calendar.ts'
import type { GracePeriod } from '../../../src/domain/grace.ts'
import { resumeRotation } from '../../../src/flows/dashboard/request-rotation.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import { DAY, type Harness, HOUR, MINUTE, SECOND } from '../../support/harness.ts'
import { announcedKey } from './announced.ts'
import { thaw, window } from './calendars.ts'
import { checkInvariants } from './invariants.ts'
import { beginAll } from './locks.ts'
import { mortalProcess } from './mortal-process.ts'
import { PATIENCE } from './patience.ts'
import { createPromises, type Promises } from './promises.ts'
import { tickOf } from './ticks.ts'

export const OWNER = 'service-1'
export const OTHER = 'service-2'
const WORKERS = 2

/** One life of an add-on under test: the service, two worker processes, and what was promised to its customer. */
export type ModelWorld = {
  h: Harness
  /** The add-on that lives now; undefined between a deprovision and the next provision. */
  addonId: string | undefined
  workers: Deps[]
  promises: Promises
  grace: GracePeriod
  /** How long the longest thing lives that apps sign, as the customer has stated it. */
  lifeMs: number
  /** Add-ons that were removed: their history must stay whole. */
  formerIds: string[]
  /** The release of the owner's app that brought the first keys of this add-on. */
  firstRelease: number
  /** How many pushes were looked at, and when the old keys' grace periods ended as it stood then. */
  pushesSeen: number
  graceEnds: readonly { version: number; until: Date }[]
  /** When scheduled restarts might happen, before the command that is looked at. */
  calendar: Calendar
  tick: (worker: number) => Promise<void>
  /** A tick in which something comes in between at the moment-th point; after it, if it has no such point. */
  tickWith: (worker: number, moment: number, between: Between) => Promise<void>
  /** A tick whose process dies at the moment-th point. */
  tickAndDie: (worker: number, moment: number) => Promise<void>
  restart: (worker: number) => Promise<void>
  provision: (options?: { next: boolean }) => Promise<void>
  /** Ends all connections of the database, as a restart of Postgres does. */
  cutConnections: () => Promise<void>
  check: () => Promise<void>
  /** Heals everything, lets time pass and demands that Heroku holds what is published. */
  settle: () => Promise<void>
  end: () => Promise<void>
}

/** What comes in between; `backend` serves the connection that stands at the point, where one does. */
export type Between = (at: { backend: number | undefined }) => Promise<unknown>

export async function createModelWorld(h: Harness): Promise<ModelWorld> {
  const world: ModelWorld = {
    h,
    addonId: undefined,
    workers: [],
    promises: createPromises(),
    grace: { until: 'next-rotation' },
    lifeMs: 0,
    formerIds: [],
    firstRelease: 0,
    pushesSeen: 0,
    graceEnds: [],
    calendar: ANY_TIME,

    async tick(worker) {
      const deps = world.workers[worker]
      // What a tick throws is logged by the scheduler, and the next start comes all the same.
      if (deps) await tickOf(deps).catch(() => undefined)
    },

    async tickWith(worker, moment, between) {
      const base = world.workers[worker]
      if (!base) return
      let ended: Promise<unknown> | undefined
      const instead = async (at: { backend: number | undefined }) => {
        ended = (await beginAll(h.deps.db, [() => between(at)])).ended
      }
      const process = mortalProcess(base, h.databaseUrl, { moment, instead })
      await tickOf(process.deps).catch(() => undefined)
      if (ended) await ended
      else await between({ backend: undefined })
      await process.end()
    },

    async tickAndDie(worker, moment) {
      const base = world.workers[worker]
      if (!base) return
      const process = mortalProcess(base, h.databaseUrl, { moment })
      await process.live((deps) => tickOf(deps).catch(() => undefined))
      await process.end()
    },

    async restart(worker) {
      await world.workers[worker]?.db.destroy()
      world.workers[worker] = await h.anotherProcess()
    },

    async provision({ next } = { next: false }) {
      const options = next ? { next: 'true' } : {}
      const addon = await h.heroku.customer.createAddon({ app: OWNER, plan: 'fortnightly', options })
      world.addonId = addon.id
      world.firstRelease = h.heroku.view.app(OWNER).version
      world.pushesSeen = 0
      world.graceEnds = []
      world.calendar = ANY_TIME
      world.grace = { until: 'next-rotation' }
      world.lifeMs = 0
      world.promises = createPromises()
      world.promises.handedOut(h.clock.now(), addon.config.SECURE_KEY ?? '', world.grace)
      world.promises.announced(announcedKey(addon.config.SECURE_KEYRING))
      await firstExchange(h, addon.id)
    },

    async cutConnections() {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()`
        .execute(h.deps.db)
        // The web process may be cut off too while it asks.
        .catch(() => undefined)
      for (const { db } of [h.deps, ...world.workers]) await untilItAnswers(db)
    },

    check: () => checkInvariants(world),

    async settle() {
      h.heroku.faults.clear()
      for (const { id } of h.heroku.faults.list()) h.heroku.faults.release(id)
      // Hours for retries and checks, then days for whatever a late write has changed behind a check.
      const waits = [...Array(12).fill(20 * MINUTE), ...Array(8).fill(HOUR), ...Array(17).fill(DAY)]
      if (world.addonId) await openForGood(h.deps, world.addonId)
      for (const [round, wait] of waits.entries()) {
        h.clock.advance(wait)
        if (world.addonId) {
          const request = { resourceId: world.addonId, actor: { type: 'operator' } as const }
          await resumeRotation(h.deps, request)
        }
        await world.tick(round % WORKERS)
        await checkInvariants(world)
      }
      await checkInvariants(world, { settled: true })
    },

    async end() {
      h.heroku.faults.clear()
      await h.heroku.customer.destroyApp(OWNER)
      await h.heroku.customer.destroyApp(OTHER)
      for (const { db } of world.workers) await db.destroy()
    },
  }
  await sql`update heroku_budget set next_call_at = '-infinity', platform_blocked_until = '-infinity', identity_blocked_until = '-infinity'`.execute(
    h.deps.db,
  )
  await h.heroku.customer.createApp(OWNER)
  await h.heroku.customer.createApp(OTHER)
  for (let worker = 0; worker < WORKERS; worker += 1) await world.restart(worker)
  await world.provision()
  return world
}

/** Nothing waits for a window or a freeze any more. */
async function openForGood(deps: Deps, addonId: string): Promise<void> {
  await window(deps, addonId, 'any')
  await thaw(deps, addonId)
}

/** The exchange that follows a provision has come to its end, good or bad, before the clock goes on. */
async function firstExchange(h: Harness, addonId: string): Promise<void> {
  const underWay = async () => {
    const grant = await h.deps.db
      .selectFrom('oauth_grants')
      .selectAll()
      .where('resource_id', '=', addonId)
      .executeTakeFirstOrThrow()
    const putBack = grant.wake_at !== null && grant.wake_at <= new Date(h.clock.now().getTime() + 10 * SECOND)
    return grant.state === 'waiting' && !putBack
  }
  await expect.poll(underWay, PATIENCE).toBe(false)
}

/** A pool finds out by its next query that its connections are gone. */
async function untilItAnswers(db: Deps['db']): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      await sql`select 1`.execute(db)
      return
    } catch {
      // The next attempt takes another connection.
    }
  }
  throw new Error('the database does not come back')
}
