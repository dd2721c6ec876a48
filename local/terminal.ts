import type { Entry } from './entry.ts'
import { columns, layOut, type Paint } from './layout.ts'

/** Where a local stack speaks to people. */
export type Terminal = {
  say: (line: string) => void
  print: (entry: Entry) => void
  /** A heading, facts in two columns, and remarks below them. */
  facts: (heading: string, rows: readonly (readonly [string, string])[], remarks: readonly string[]) => void
}

const PAUSE_MS = 2_000

/** Writes lines; a terminal and a file get the same words. */
export function createTerminal(write: (text: string) => void, paint: Paint): Terminal {
  const say = (line: string) => write(`${line}\n`)
  let printedUntil: Date | undefined
  return {
    say,
    print: (entry) => {
      const pauseMs = printedUntil ? entry.at.getTime() - printedUntil.getTime() : 0
      // What belongs together stands together.
      if (pauseMs > PAUSE_MS && entry.tone !== 'quiet') say('')
      printedUntil = entry.at
      for (const line of layOut(entry, paint)) say(line)
    },
    facts: (heading, rows, remarks) => {
      const lines = ['', paint('bold', heading), '', ...columns(rows), '', ...remarks, '']
      for (const line of lines) say(line)
    },
  }
}
