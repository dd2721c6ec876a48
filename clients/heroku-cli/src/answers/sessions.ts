import { fieldsOf, listIn, momentIn, textIn, textOrNullIn } from './fields.ts'

/** Somebody who is signed on, as `GET /v1/sessions` tells it. */
export type Session = {
  by: string
  email: string | null
  own: boolean
  madeAt: Date
  lastUsedAt: Date
  endsAt: Date
}

export function readSessions(answer: unknown): Session[] {
  return listIn(fieldsOf(answer), 'sessions', (item) => {
    const fields = fieldsOf(item)
    return {
      by: textIn(fields, 'by'),
      email: textOrNullIn(fields, 'email'),
      own: fields.own === true,
      madeAt: momentIn(fields, 'made_at'),
      lastUsedAt: momentIn(fields, 'last_used_at'),
      endsAt: momentIn(fields, 'ends_at'),
    }
  })
}
