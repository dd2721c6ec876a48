import { readdir, readFile } from 'node:fs/promises'
import type { BenchPostgres } from './bench-postgres.ts'

/** What Postgres did between two moments, for all databases of the server together. */
export type PostgresWork = {
  /** Transactions that wrote something: those that took an id. */
  writeTransactions: number
  walBytes: number
  /** The part of `walBytes` that is images of whole pages, written at a page's first change after a checkpoint. */
  pageImageBytes: number
  cpuMsOfPostgres: number
}

/** Starts to measure; the answered function ends it. */
export async function meterPostgres(postgres: BenchPostgres): Promise<() => Promise<PostgresWork>> {
  const { admin, pid } = postgres
  await admin.query('create extension if not exists pg_walinspect')
  const before = await position(admin)
  const cpuBefore = await cpuMsOf(pid)
  return async () => {
    const cpuMsOfPostgres = (await cpuMsOf(pid)) - cpuBefore
    const after = await position(admin)
    const { rows } = await admin.query<{ bytes: string; images: string }>(
      `select pg_wal_lsn_diff($2, $1) as bytes, (select sum(fpi_size) from pg_get_wal_stats($1, $2)) as images`,
      [before.lsn, after.lsn],
    )
    return {
      // Asking for the number takes one.
      writeTransactions: Number(BigInt(after.xid) - BigInt(before.xid)) - 1,
      walBytes: Number(rows[0]?.bytes ?? 0),
      pageImageBytes: Number(rows[0]?.images ?? 0),
      cpuMsOfPostgres,
    }
  }
}

async function position(admin: BenchPostgres['admin']): Promise<{ xid: string; lsn: string }> {
  const { rows } = await admin.query('select pg_current_xact_id()::text as xid')
  const lsn = await admin.query('select pg_current_wal_lsn()::text as lsn')
  return { xid: rows[0]?.xid, lsn: lsn.rows[0]?.lsn }
}

const MS_PER_TICK = 10

/** User and system time of a process, of its children that live and of those that have ended (proc(5), stat). */
async function cpuMsOf(pid: number): Promise<number> {
  const parent = await statOf(pid)
  const others = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const stats = await Promise.all(others.map((other) => statOf(other).catch(() => undefined)))
  const children = stats.filter((stat) => stat?.parent === pid)
  const ticks = parent.own + parent.ended + children.reduce((sum, stat) => sum + (stat?.own ?? 0), 0)
  return ticks * MS_PER_TICK
}

async function statOf(pid: number): Promise<{ parent: number; own: number; ended: number }> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may hold spaces; the state follows it, then the parent.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const field = (number: number) => fields[number - 3] ?? 0
  return { parent: field(4), own: field(14) + field(15), ended: field(16) + field(17) }
}
