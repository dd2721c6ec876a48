import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from 'kysely'
import pg from 'pg'
import { expect } from 'vitest'
import type { Deps } from '../../../src/flows/deps.ts'
import type { Schema } from '../../../src/store/schema.ts'
import { clientOfClock } from '../../support/clocked-client.ts'
import { PATIENCE } from './patience.ts'

/**
 * A moment at which a process may die: what it is just before or after, and the how-manieth of that name it is. Of a
 * point between the statements of a transaction, `within` says so: whoever dies there has changed nothing. `changed` is
 * set where what was just done may have changed the database or Heroku.
 */
export type Point = { name: string; nth: number; within?: true; changed?: true }

/** A process whose every statement, transaction and call to Heroku passes a gate at which it can be stopped. */
export type MortalProcess = {
  deps: Deps
  /** Every point passed so far, in order. */
  points: Point[]
  /** Runs work of the process. True: it came to its end; false: the process died on the way. */
  live: (work: (deps: Deps) => Promise<unknown>) => Promise<boolean>
  /** Lets a call to Heroku go out that the dead process had handed to the network. */
  sendLateCalls: () => Promise<void>
  /** Waits until the database has noticed that the process is gone and has given its locks back, then tidies up. */
  end: () => Promise<void>
}

export type Death = Point & Fate

/** The same at the moment-th point that is passed, whatever it is, counted from one. */
export type DeathAtMoment = { moment: number } & Fate

type Fate = {
  /** The call that stands at this point is on the wire when the process dies, and arrives when told to. */
  callArrivesLate?: boolean
  /** What happens at the point in place of a death; the process goes on when it is done. */
  instead?: (at: { backend: number | undefined }) => void | Promise<void>
}

/**
 * Wraps what a process has of the outside world. At the point of `death` its connections are cut and everything that
 * it still starts neither happens nor ends, as for a process that was killed: no `catch` of it runs any more.
 */
export function mortalProcess(base: Deps, databaseUrl: string, death?: Death | DeathAtMoment): MortalProcess {
  const points: Point[] = []
  const passed = new Map<string, number>()
  const lateCalls: (() => Promise<unknown>)[] = []
  const clients = new Set<pg.PoolClient>()
  const pool = new pg.Pool({
    Client: clientOfClock(base.now),
    connectionString: databaseUrl,
    max: 5,
    application_name: NAME,
  })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const died = Promise.withResolvers<void>()
  let dead = false

  function die() {
    dead = true
    for (const client of clients) client.release(true)
    died.resolve()
  }

  /** Notes a point, and dies at it when it is the chosen one. */
  async function pass(name: string, client?: pg.PoolClient, more: Partial<Point> = {}): Promise<boolean> {
    if (dead) return false
    const nth = (passed.get(name) ?? 0) + 1
    passed.set(name, nth)
    points.push({ name, nth, ...more })
    if (!death || !isAt(death, { name, nth }, points.length)) return true
    if (!death.instead) {
      die()
      return false
    }
    await death.instead({ backend: client && backendOf(client) })
    return true
  }

  async function step<T>(
    name: string,
    act: () => Promise<T>,
    hasChanged: (result: T) => boolean,
    client?: pg.PoolClient,
  ): Promise<T> {
    if (!(await pass(`before ${name}`, client))) return await forever()
    const result = await unlessDead(act)
    const changed = hasChanged(result) && ({ changed: true } as const)
    if (!(await pass(`after ${name}`, client, changed || {}))) return await forever()
    return result
  }

  /** An error that comes of the death itself is heard by nobody. */
  async function unlessDead<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (dead) return await forever()
      throw error
    }
  }

  async function query(client: pg.PoolClient, open: Opened | undefined, text: string, values: unknown[]) {
    if (dead) return await forever<pg.QueryResult>()
    const act = () => client.query(text, values)
    if (open && text !== 'commit') {
      const summary = summaryOf(text)
      if (!(await pass(`before ${summary}, within`, client, { within: true }))) return await forever()
      open.statements.push(summary)
      const result = await unlessDead(act)
      open.changed ||= mayHaveChanged(text, result)
      return result
    }
    if (open) return await step(`commit of ${open.statements.join(', ')}`, act, () => open.changed, client)
    return await step(summaryOf(text), act, (result) => mayHaveChanged(text, result), client)
  }

  async function connect(): Promise<PostgresPoolClient> {
    if (dead) return await forever()
    const client = await pool.connect()
    if (dead) {
      client.release(true)
      return await forever()
    }
    clients.add(client)
    let open: Opened | undefined
    const mortal = {
      async query(text: string, values: unknown[]) {
        if (text === 'begin') {
          if (!(await pass('before a transaction', client))) return await forever<pg.QueryResult>()
          open = { statements: [], changed: false }
          return await unlessDead(() => client.query(text))
        }
        const result = await query(client, open, text, values)
        if (text === 'commit' || text === 'rollback') open = undefined
        return result
      },
      release(destroy?: boolean) {
        if (!clients.delete(client) || dead) return
        client.release(destroy)
      },
    }
    // kysely asks for the overload with cursors too, which nothing here uses.
    return mortal as unknown as PostgresPoolClient
  }

  /** Every function of an adapter, with a gate before and behind it. */
  function gated<A extends object>(adapter: A): A {
    return new Proxy(adapter, {
      get(target, property) {
        const call: unknown = Reflect.get(target, property)
        if (typeof call !== 'function') return call
        return async (...args: unknown[]) => {
          const name = `call ${String(property)}`
          const act = () => Promise.resolve(Reflect.apply(call, target, args.map(withoutSignal)))
          // Only the last one counts: the process dies before this call has ended.
          if (!dead && death?.callArrivesLate) lateCalls.splice(0, lateCalls.length, act)
          return await step(name, act, () => true)
        }
      },
    })
  }

  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: { connect, options: {}, end: () => pool.end() } as PostgresPool }),
  })
  const deps: Deps = {
    ...base,
    db,
    platform: gated(base.platform),
    identity: gated(base.identity),
    endpointServices: base.endpointServices && gated(base.endpointServices),
  }
  return {
    deps,
    points,
    async live(work) {
      const done = work(deps).then(
        () => true,
        (error: unknown) => {
          if (!dead) throw error
          return false
        },
      )
      return await Promise.race([done, died.promise.then(() => false)])
    },
    async sendLateCalls() {
      for (const call of lateCalls.splice(0)) await call()
    },
    async end() {
      await pool.end()
      const sessions = () =>
        base.db
          .selectFrom(sql<{ pid: number }>`pg_stat_activity`.as('session'))
          .select('pid')
          .where(sql`application_name`, '=', NAME)
          .where(sql`datname`, '=', sql`current_database()`)
          .execute()
      await expect.poll(sessions, PATIENCE).toEqual([])
    },
  }
}

const NAME = 'mortal'

/** What was asked in a transaction that is open, and whether any of it may have changed a row. */
type Opened = { statements: string[]; changed: boolean }

const CHANGING = /\b(insert into|update|delete from|merge into|nextval|setval)\b/i
const OF_LOCKS = /\bfor (no key )?update\b/gi
/** Of these the count says how many rows were changed; of another one with changes inside it, what was read at its end. */
const COUNTED = /^(\/\* prepared: claim-[\w-]+ \*\/|insert|update|delete)/

function mayHaveChanged(text: string, { rowCount }: pg.QueryResult): boolean {
  const none = rowCount === 0 && COUNTED.test(text.trimStart())
  return !none && CHANGING.test(text.replace(OF_LOCKS, ''))
}

function isAt(death: Death | DeathAtMoment, { name, nth }: Point, passed: number): boolean {
  return 'moment' in death ? death.moment === passed : death.name === name && death.nth === nth
}

function forever<T>(): Promise<T> {
  return new Promise<T>(() => {})
}

/** A call that is on the wire is not taken back by a signal of the process that sent it. */
function withoutSignal(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || !('signal' in argument)) return argument
  const { signal: _, ...rest } = argument
  return rest
}

/** The name of a prepared statement, else enough of it to know it by: `update oauth_tokens`. */
function summaryOf(text: string): string {
  const prepared = /^\/\* prepared: ([\w-]+) \*\//.exec(text)?.[1]
  // Named after the columns that it writes, which are not the same each time.
  if (prepared) return prepared.startsWith('write-') ? 'write-states' : prepared
  const flat = text.replace(/["\s]+/g, ' ').trim()
  const found = /^(update [\w.]+|insert into [\w.]+|delete from [\w.]+)/.exec(flat)
  if (found?.[1]) return found[1]
  // Not after a table that only a part of it asks.
  const from = / from ([\w.]+)/.exec(flat.replace(/\([^()]*\)/g, ''))
  return `select ${from?.[1] ?? flat.slice(0, 20)}`
}

/** The process of the server that serves a connection, by its id. */
function backendOf(client: pg.PoolClient): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined
}
