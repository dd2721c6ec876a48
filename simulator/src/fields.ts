import { HerokuError } from './heroku-error.ts'

type Fields = Record<string, unknown>

/** A text of a request's body; undefined when it is missing, null or empty. */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A text that must be there, else 400. */
export function requiredText(fields: Fields, name: string): string {
  const value = optionalText(fields, name)
  if (value === undefined) throw new HerokuError(400, 'bad_request', `${name} is missing.`)
  return value
}

/** A whole number that must be there, as a number or as text (`12`, `v12`), else 400. */
export function requiredNumber(fields: Fields, name: string): number {
  const value = Number(String(fields[name] ?? '').replace(/^v/, '') || Number.NaN)
  if (!Number.isInteger(value)) throw new HerokuError(400, 'bad_request', `${name} is not a whole number.`)
  return value
}

/** Those fields that were given a text: what `exactOptionalPropertyTypes` wants of an optional argument. */
export function optionalTexts<Name extends string>(
  fields: Fields,
  names: readonly Name[],
): { [N in Name]?: string } {
  const texts: { [N in Name]?: string } = {}
  for (const name of names) {
    const value = optionalText(fields, name)
    if (value !== undefined) texts[name] = value
  }
  return texts
}

/** An object, whatever was sent. */
export function objectFrom(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** Those entries of an object that hold a string. */
export function strings(value: unknown): Record<string, string> {
  const entries = Object.entries(objectFrom(value))
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
