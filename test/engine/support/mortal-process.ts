import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from 'kysely'
import pg from 'pg'
import { expect } from 'vitest'
import type { Deps } from '../../../src/flows/deps.ts'
import type { Schema } from '../../../src/store/schema.ts'

/** A moment at which a process may die: what it is just before or after, and the how-manieth of that name it is. */
export type Point = { name: string; nth: number }

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

export type Death = Point & {
  /** The call that stands at this point is on the wire when the process dies, and arrives when told to. */
  callArrivesLate?: boolean
  /** What happens at the point in place of a death. */
  instead?: () => void
}

/**
 * Wraps what a process has of the outside world. At the point of `death` its connections are cut and everything that
 * it still starts neither happens nor ends, as for a process that was killed: no `catch` of it runs any more.
 */
export function mortalProcess(base: Deps, databaseUrl: string, death?: Death): MortalProcess {
  const points: Point[] = []
  const passed = new Map<string, number>()
  const lateCalls: (() => Promise<unknown>)[] = []
  const clients = new Set<pg.PoolClient>()
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 5, application_name: NAME })
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
  function pass(name: string): boolean {
    if (dead) return false
    const nth = (passed.get(name) ?? 0) + 1
    passed.set(name, nth)
    points.push({ name, nth })
    if (!death || death.name !== name || death.nth !== nth) return true
    if (death.instead) {
      death.instead()
      return true
    }
    die()
    return false
  }

  async function step<T>(name: string, act: () => Promise<T>): Promise<T> {
    if (!pass(`before ${name}`)) return await forever()
    const result = await unlessDead(act)
    if (!pass(`after ${name}`)) return await forever()
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

  async function query(client: pg.PoolClient, open: string[] | undefined, text: string, values: unknown[]) {
    if (dead) return await forever<pg.QueryResult>()
    const act = () => client.query(text, values)
    if (open && text !== 'commit') {
      open.push(summaryOf(text))
      return await unlessDead(act)
    }
    return await step(open ? `commit of ${open.join(', ')}` : summaryOf(text), act)
  }

  async function connect(): Promise<PostgresPoolClient> {
    if (dead) return await forever()
    const client = await pool.connect()
    if (dead) {
      client.release(true)
      return await forever()
    }
    clients.add(client)
    let open: string[] | undefined
    const mortal = {
      async query(text: string, values: unknown[]) {
        if (text === 'begin') {
          if (!pass('before a transaction')) return await forever<pg.QueryResult>()
          open = []
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
          return await step(name, act)
        }
      },
    })
  }

  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: { connect, options: {}, end: () => pool.end() } as PostgresPool }),
  })
  const deps: Deps = { ...base, db, platform: gated(base.platform), identity: gated(base.identity) }
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
      await expect.poll(sessions, { interval: 5, timeout: 10_000 }).toEqual([])
    },
  }
}

const NAME = 'mortal'

function forever<T>(): Promise<T> {
  return new Promise<T>(() => {})
}

/** A call that is on the wire is not taken back by a signal of the process that sent it. */
function withoutSignal(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || !('signal' in argument)) return argument
  const { signal: _, ...rest } = argument
  return rest
}

/** `update schedule`, `insert into rotations`: enough of a statement to know it by. */
function summaryOf(text: string): string {
  const flat = text.replace(/["\s]+/g, ' ').trim()
  const found = /^(update [\w.]+|insert into [\w.]+|delete from [\w.]+)/.exec(flat)
  if (found?.[1]) return found[1]
  const from = / from ([\w.]+)/.exec(flat)
  return `${flat.startsWith('with') ? 'insert into' : 'select'} ${from?.[1] ?? flat.slice(0, 20)}`
}
