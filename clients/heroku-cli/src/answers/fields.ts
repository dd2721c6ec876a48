import { cleanText } from '../words/clean.ts'

export type Fields = Readonly<Record<string, unknown>>

/** An answer is not of the form that this version of the plugin knows. */
export class UnreadableAnswerError extends Error {
  constructor(field: string) {
    super(
      `The service of the add-on answered in a form that this plugin does not know (${field}). Update it.`,
    )
  }
}

const MOST_ITEMS = 10_000

/** The fields of an object; of anything else: none. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** A text, cleaned: what is read here may be printed. */
export function textIn(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw new UnreadableAnswerError(name)
  return cleanText(value)
}

/** The same where it may be missing. */
export function textOrNullIn(fields: Fields, name: string): string | null {
  return fields[name] === null || fields[name] === undefined ? null : textIn(fields, name)
}

export function numberIn(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new UnreadableAnswerError(name)
  return value
}

export function numberOrNullIn(fields: Fields, name: string): number | null {
  return fields[name] === null || fields[name] === undefined ? null : numberIn(fields, name)
}

export function momentIn(fields: Fields, name: string): Date {
  const date = new Date(textIn(fields, name))
  if (Number.isNaN(date.getTime())) throw new UnreadableAnswerError(name)
  return date
}

export function momentOrNullIn(fields: Fields, name: string): Date | null {
  return fields[name] === null || fields[name] === undefined ? null : momentIn(fields, name)
}

/** Each item of a list, read by `read`. */
export function listIn<T>(fields: Fields, name: string, read: (item: unknown) => T): T[] {
  const value = fields[name]
  if (!Array.isArray(value) || value.length > MOST_ITEMS) throw new UnreadableAnswerError(name)
  return value.map(read)
}

export function momentsIn(fields: Fields, name: string): Date[] {
  return listIn(fields, name, (item) => momentIn({ [name]: item }, name))
}

export function textsIn(fields: Fields, name: string): string[] {
  return listIn(fields, name, (item) => textIn({ [name]: item }, name))
}
