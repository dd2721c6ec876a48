import {
  type Fields,
  fieldsOf,
  listIn,
  momentIn,
  numberIn,
  numberOrNullIn,
  textIn,
  textOrNullIn,
} from './fields.ts'

/** What happened to an add-on, as `GET /v1/history` tells it. */
export type HistoryEvent = {
  seq: number
  at: Date
  kind: string
  /** Who did it, in as few words as possible. */
  by: string
  /** The key that it is about. */
  key: { kid: string; version: number } | null
  details: Fields
}

/** A page, and the cursor of what is older. */
export function readHistoryPage(answer: unknown): {
  events: HistoryEvent[]
  items: unknown[]
  next: number | null
} {
  const fields = fieldsOf(answer)
  return {
    events: listIn(fields, 'events', readEvent),
    items: listIn(fields, 'events', (item) => item),
    next: numberOrNullIn(fields, 'next'),
  }
}

function readEvent(item: unknown): HistoryEvent {
  const fields = fieldsOf(item)
  const key = fields.key === null || fields.key === undefined ? null : fieldsOf(fields.key)
  return {
    seq: numberIn(fields, 'seq'),
    at: momentIn(fields, 'at'),
    kind: textIn(fields, 'kind'),
    by: actorWords(fieldsOf(fields.actor)),
    key: key && { kid: textIn(key, 'kid'), version: numberIn(key, 'version') },
    details: fieldsOf(fields.details),
  }
}

function actorWords(actor: Fields): string {
  const type = textIn(actor, 'type')
  const name = textOrNullIn(actor, 'name') ?? textOrNullIn(actor, 'id')
  if (name === null) return type
  return type === 'person' ? name : `${type} ${name}`
}
