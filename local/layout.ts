import { styleText } from 'node:util'
import type { Entry } from './entry.ts'

type Style = Parameters<typeof styleText>[0]
/** Puts a style around a text, or leaves the text alone where there are no colours. */
export type Paint = (style: Style, text: string) => string

const WHO_WIDTH = 10
/** Below the first letter of `who`. */
const DETAIL_INDENT = ' '.repeat(10)
const WHO_STYLES: Readonly<Record<string, Style>> = {
  securekey: 'green',
  heroku: 'magenta',
  customer: 'blue',
}
const TONE_STYLES: Readonly<Record<NonNullable<Entry['tone']>, Style>> = {
  quiet: 'dim',
  good: 'bold',
  warning: 'yellow',
  bad: 'red',
}

/** Colours only for a terminal, and not where `NO_COLOR` forbids them (no-color.org). */
export function createPaint(isTerminal: boolean, noColor: string | undefined): Paint {
  if (!isTerminal || noColor) return (_style, text) => text
  return (style, text) => styleText(style, text, { validateStream: false })
}

/** An entry as lines: time, who, what; below it the details. */
export function layOut(entry: Entry, paint: Paint): string[] {
  const who = paint(WHO_STYLES[entry.who] ?? 'cyan', entry.who.padEnd(WHO_WIDTH))
  const text = entry.tone ? paint(TONE_STYLES[entry.tone], entry.text) : entry.text
  const details = (entry.details ?? []).map((detail) => DETAIL_INDENT + detail)
  return [`${paint('dim', clockTime(entry.at))}  ${who} ${text}`, ...details]
}

/** Facts in two columns: what, and its value. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}

function clockTime(at: Date): string {
  return at.toTimeString().slice(0, 8)
}
