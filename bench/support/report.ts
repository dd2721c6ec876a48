import { mkdir, writeFile } from 'node:fs/promises'
import type { Machine } from './machine.ts'
import { median, spread } from './statistics.ts'

/** One line of a bench's table. */
export type Row = Record<string, string | number>

/** What a figure has to be, and what would be very good. With `atMost` less is better. */
export type Aim = { floor: number; stretch: number; atMost?: true }

/** A figure that was aimed at: the median of its rounds, and how far these were apart. */
export type Target = Aim & { figure: string; measured: number; spread: string }

export type Report = {
  bench: string
  quick: boolean
  machine: Machine
  /** The table that people read. */
  table: Row[]
  targets?: Target[]
  /** Sentences under the tables: what was checked, what was scaled down. */
  notes: string[]
  /** Every single measurement, for whoever doubts the medians. */
  raw: unknown
}

/** How a figure stands beside its aim; `rounds` has what it was in each. */
export function target(figure: string, rounds: readonly number[], aim: Aim): Target {
  return { figure, ...aim, measured: median(rounds), spread: rounds.length > 1 ? spread(rounds) : '' }
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
  if (report.targets) process.stdout.write(`${markdown(report.targets.map(targetRow))}\n`)
  for (const note of report.notes) process.stdout.write(`${note}\n`)
  await mkdir(FOLDER, { recursive: true })
  const file = new URL(`${report.bench}${report.quick ? '.quick' : ''}.json`, FOLDER)
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
}

function targetRow({ figure: name, floor, stretch, measured, spread, atMost }: Target): Row {
  const reached = (aim: number) => (atMost ? measured <= aim : measured >= aim)
  return {
    figure: name,
    floor: figure(floor),
    stretch: figure(stretch),
    measured: figure(measured),
    spread,
    reached: reached(stretch) ? 'stretch' : reached(floor) ? 'floor' : 'no',
  }
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
