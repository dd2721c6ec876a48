import { Ec2Error, invalidValue } from './ec2-error.ts'
import type { Filter, Form } from './form.ts'

/** The value of a thing by which a filter asks; undefined: there is no such filter. */
type Asked<T> = Readonly<Record<string, (thing: T) => string | undefined>>
type Tagged = { tags: Readonly<Record<string, string>> }

/** The things that fit every filter, of which one may name a tag. Throws `InvalidParameterValue` for an unknown filter. */
export function filtered<T extends Tagged>(things: readonly T[], form: Form, asked: Asked<T>): T[] {
  return form.filters().reduce((left, filter) => left.filter(fits(filter, asked)), [...things])
}

function fits<T extends Tagged>({ name, values }: Filter, asked: Asked<T>): (thing: T) => boolean {
  if (name.startsWith('tag:')) return ({ tags }) => values.includes(tags[name.slice('tag:'.length)] ?? '\0')
  if (name === 'tag-key') return ({ tags }) => values.some((key) => Object.hasOwn(tags, key))
  const value = Object.hasOwn(asked, name) ? asked[name] : undefined
  if (!value) throw new Ec2Error('InvalidParameterValue', `The filter '${name}' is invalid`)
  return (thing) => values.includes(value(thing) ?? '\0')
}

/**
 * One page of things. `largest` is what one answer holds at most, however many are asked for: AWS may return fewer than
 * that, and says by the token alone that there are more.
 */
export function page<T>(
  things: readonly T[],
  form: Form,
  { fewest, largest }: { fewest: number; largest: number },
): { items: T[]; nextToken: string | undefined } {
  const asked = form.optionalNumber('MaxResults') ?? largest
  if (asked < fewest || asked > 1_000) throw invalidValue('MaxResults', String(asked))
  const from = startOf(form.optionalText('NextToken'))
  const end = from + Math.min(asked, largest)
  return { items: things.slice(from, end), nextToken: end < things.length ? tokenOf(end) : undefined }
}

function tokenOf(index: number): string {
  return Buffer.from(`from:${index}`).toString('base64url')
}

function startOf(token: string | undefined): number {
  if (token === undefined) return 0
  const [, index] = /^from:([0-9]+)$/.exec(Buffer.from(token, 'base64url').toString()) ?? []
  if (index === undefined) throw new Ec2Error('InvalidNextToken', 'The token is not valid')
  return Number(index)
}
