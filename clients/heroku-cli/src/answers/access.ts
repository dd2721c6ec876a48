import { fieldsOf, listIn, momentIn, momentOrNullIn, textIn } from './fields.ts'

/** Who uses an add-on and what of it was unusual, as `GET /v1/access` tells it. */
export type Access = { accessors: Accessor[]; unusual: Unusual[] }
export type Accessor = {
  who: string
  firstAt: Date
  lastAt: Date
  keysAt: Date | null
  networks: string[]
}
export type Unusual = { at: Date; why: string; knownAt: Date | null }

export function readAccess(answer: unknown): Access {
  return {
    accessors: listIn(fieldsOf(answer), 'accessors', (item) => {
      const fields = fieldsOf(item)
      return {
        who: textIn(fields, 'who'),
        firstAt: momentIn(fields, 'first_at'),
        lastAt: momentIn(fields, 'last_at'),
        keysAt: momentOrNullIn(fields, 'keys_at'),
        networks: listIn(fields, 'networks', (network) => textIn(fieldsOf(network), 'network')),
      }
    }),
    unusual: listIn(fieldsOf(answer), 'unusual', (item) => {
      const fields = fieldsOf(item)
      return {
        at: momentIn(fields, 'at'),
        why: textIn(fields, 'why'),
        knownAt: momentOrNullIn(fields, 'known_at'),
      }
    }),
  }
}
