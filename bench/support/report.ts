import { mkdir, writeFile } from 'node:fs/promises'
import type { Machine } from './machine.ts'

/** One line of a bench's table. */
export type Row = Record<string, string | number>

export type Report = {
  bench: string
  quick: boolean
  machine: Machine
  /** The table that people read. */
  table: Row[]
  /** Sentences under the table: what was checked, what was scaled down. */
  notes: string[]
  /** Every single measurement, for whoever doubts the medians. */
  raw: unknown
}

const FOLDER = new URL('../../.local/bench/', import.meta.url)

/** Prints the table and keeps everything as JSON in `.local/bench/`. */
export async function writeReport(report: Report): Promise<void> {
  const { machine } = report
  process.stdout.write(`\n${report.bench}${report.quick ? ' (quick)' : ''}\n`)
  process.stdout.write(
    `${machine.date} · ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB · Node ${machine.node} · ` +
      `PostgreSQL ${machine.postgres} · load before ${machine.loadBefore}\n\n`,
  )
  process.stdout.write(`${markdown(report.table)}\n`)
  for (const note of report.notes) process.stdout.write(`${note}\n`)
  await mkdir(FOLDER, { recursive: true })
  const file = new URL(`${report.bench}${report.quick ? '.quick' : ''}.json`, FOLDER)
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
}

function markdown(table: readonly Row[]): string {
  const [first] = table
  if (!first) return ''
  const columns = Object.keys(first)
  const lines = [columns, columns.map(() => '---'), ...table.map((row) => columns.map((c) => row[c] ?? ''))]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/** A number for people: three digits that count, thousands apart. */
export function figure(number: number): string {
  if (!Number.isFinite(number)) return String(number)
  const digits = number === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number))))
  return number.toLocaleString('en-US', { maximumFractionDigits: digits })
}
