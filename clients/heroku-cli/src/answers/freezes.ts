import { fieldsOf, listIn, momentIn, textIn } from './fields.ts'

/** A freeze, as `GET /v1/freezes` tells it. `forAll`: it is the partner's, and counts for all add-ons. */
export type Freeze = {
  id: string
  from: Date
  until: Date
  /** The time zone in which its dates were written. */
  zone: string
  reason: string
  forAll: boolean
}

export function readFreezes(answer: unknown): Freeze[] {
  return listIn(fieldsOf(answer), 'freezes', readFreeze)
}

export function readFreeze(item: unknown): Freeze {
  const fields = fieldsOf(item)
  return {
    id: textIn(fields, 'id'),
    from: momentIn(fields, 'from'),
    until: momentIn(fields, 'until'),
    zone: textIn(fields, 'zone'),
    reason: textIn(fields, 'reason'),
    forAll: textIn(fields, 'of') !== 'add-on',
  }
}

/** The freeze of that id. Throws a sentence where there is none, or where it is not the add-on's own. */
export function freezeOf(freezes: readonly Freeze[], id: string): Freeze {
  const freeze = freezes.find((each) => each.id === id)
  if (!freeze) throw new Error('There is no such freeze. Run heroku securekey:freezes to see them.')
  if (freeze.forAll) {
    throw new Error('That freeze counts for all add-ons. Only who runs the service can remove it.')
  }
  return freeze
}
