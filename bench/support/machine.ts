import { cpus, loadavg, totalmem } from 'node:os'
import type pg from 'pg'

/** What a number was measured on. */
export type Machine = {
  date: string
  cpu: string
  cores: number
  memoryGb: number
  node: string
  postgres: string
  /** Mean number of runnable processes over the minute before: above zero, somebody else was at work too. */
  loadBefore: number
}

export async function describeMachine(admin: pg.Client): Promise<Machine> {
  const { rows } = await admin.query<{ server_version: string }>('show server_version')
  return {
    date: new Date().toISOString().slice(0, 16),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres: rows[0]?.server_version ?? 'unknown',
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  }
}
