import type { Answer, Call } from './endpoint.ts'
import { HerokuError } from './heroku-error.ts'

const DEFAULT_MAX = 200
const LARGEST_MAX = 1000

type Key = string | number
type Item = Record<string, unknown>

/**
 * One page of a list, as the `Range` header asks (`version ..; order=desc, max=10`): 206 with `Next-Range` while more
 * follow, 200 for the last (Platform API Reference, "Ranges"). `sortable` names the fields to sort by, default first.
 */
export function page(call: Call, items: Item[], sortable: readonly string[]): Answer {
  const range = readRange(call.headers.range ?? '', sortable)
  const keyOf = (item: Item) => item[range.field] as Key
  const sorted = items.toSorted(
    (one, other) => compare(keyOf(one), keyOf(other)) * (range.descending ? -1 : 1),
  )
  const inRange = sorted.filter((item) => isWithin(keyOf(item), range))
  const shown = inRange.slice(0, range.max)
  const headers: Record<string, string> = { 'accept-ranges': sortable.join(', ') }
  const [first, last] = [shown[0], shown.at(-1)]
  if (first === undefined || last === undefined) return { status: 200, body: shown, headers }
  headers['content-range'] = `${range.field} ${keyOf(first)}..${keyOf(last)}`
  if (shown.length === inRange.length) return { status: 200, body: shown, headers }
  headers['next-range'] =
    `${range.field} ]${keyOf(last)}..${range.until}; ${range.descending ? 'order=desc,' : ''}max=${range.max}`
  return { status: 206, body: shown, headers }
}

type Range = {
  field: string
  from: string
  exclusive: boolean
  until: string
  max: number
  descending: boolean
}

function readRange(header: string, sortable: readonly string[]): Range {
  const [, field = sortable[0] ?? 'id', exclusive = '', from = '', until = '', rest = ''] =
    /^\s*(?:([a-z_]+)\s+(\]?)([^\s;]*?)\.\.([^\s;]*))?\s*;?\s*(.*)$/.exec(header) ?? []
  const known = rest === '' || /^(?:(?:order=(?:asc|desc)|max=\d+)[,;\s]*)+$/.test(rest)
  const max = Number(/max=(\d+)/.exec(rest)?.[1] ?? DEFAULT_MAX)
  if (!known || !sortable.includes(field) || max < 1 || max > LARGEST_MAX) {
    throw new HerokuError(416, 'requested_range_not_satisfiable', `The range ${header} cannot be satisfied.`)
  }
  return { field, from, exclusive: exclusive === ']', until, max, descending: rest.includes('order=desc') }
}

function isWithin(key: Key, range: Range): boolean {
  const direction = range.descending ? -1 : 1
  const afterFrom = range.from === '' ? 1 : compare(key, like(key, range.from)) * direction
  const beforeUntil = range.until === '' ? -1 : compare(key, like(key, range.until)) * direction
  return (range.exclusive ? afterFrom > 0 : afterFrom >= 0) && beforeUntil <= 0
}

function like(key: Key, text: string): Key {
  return typeof key === 'number' ? Number(text) : text
}

function compare(one: Key, other: Key): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
