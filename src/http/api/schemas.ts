import { Type } from 'typebox'

/** A date in an answer, or null. */
export const Moment = Type.String({ format: 'date-time' })
export const MomentOrNull = Type.Union([Moment, Type.Null()])
export const TextOrNull = Type.Union([Type.String(), Type.Null()])
export const NumberOrNull = Type.Union([Type.Integer(), Type.Null()])

/** What a token may do. */
export const ScopeName = oneOf(['read', 'rotate', 'revoke', 'keyring'])

/** What ended by a request that ends something. */
export const Ended = Type.Object({ ended: Type.Integer({ description: 'How many there were.' }) })
/** A key by its id, as a request names it. */
export const Kid = Type.String({ pattern: '^[0-9a-f]{8}$' })

/** One of a closed list of texts. */
export function oneOf<const T extends string[]>(texts: readonly [...T], description?: string) {
  return Type.Enum(texts, { type: 'string', ...(description !== undefined && { description }) })
}

/** The cursor of a page: a number that an answer gave. A misspelt one is refused, or a program would read page one for ever. */
export const Page = Type.Object(
  {
    before: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,9}$', description: '`next` of the page before this one.' }),
    ),
  },
  { additionalProperties: false },
)
export const Next = Type.Union([Type.Integer(), Type.Null()], {
  description: 'Send it as `before` to get the page of what is older; null on the last one.',
})

/** The cursor of a request. */
export function olderThanOf({ before }: { before?: string }): { olderThan?: number } {
  return before === undefined ? {} : { olderThan: Number(before) }
}

/** A date as answers hold it. */
export function momentOf(date: Date): string
export function momentOf(date: Date | null | undefined): string | null
export function momentOf(date: Date | null | undefined): string | null {
  return date ? date.toISOString() : null
}
