import type { KeyChange } from './key-change.ts'
import { type Click, NOBODY } from './visitor.ts'

/** What is known of a visit that goes on while keys change. */
export type Visits = {
  clicks: number
  rotations: number
  /** How often the visitor was a stranger although the key of their login was still good. */
  logouts: number
  /** How often a revoke ended their login, as it must. */
  ended: number
  /** Clicks that got no page, and whether the last one got one. */
  unanswered: number
  answered: boolean
  /** A revoke is under way; whether it has ended the login yet, and whether every process has the new keys. */
  revoke: { ended: boolean; everywhere: boolean } | undefined
  /** How far the last rotation is that was not told of: `through` when every process runs with it. */
  untold: 'none' | 'under-way' | 'through'
}

/** Something that matters to a visit, in the order in which it happened. */
export type Happening =
  | { what: 'release'; change: KeyChange }
  /** Every process runs the newest release. */
  | { what: 'settled' }
  | ({ what: 'click' } & Click)

export type Remark = { text: string; tone: 'quiet' | 'good' | 'warning' | 'bad' }

type Counted = { visits: Visits; remark?: Remark }

export const NO_VISITS: Visits = {
  clicks: 0,
  rotations: 0,
  logouts: 0,
  ended: 0,
  unanswered: 0,
  answered: true,
  revoke: undefined,
  untold: 'none',
}

/** Counts what happened, and says what people should hear of it. */
export function countVisit(visits: Visits, happening: Happening): Counted {
  if (happening.what === 'release') return { visits: afterRelease(visits, happening.change) }
  if (happening.what === 'settled') return { visits: afterSettled(visits) }
  const clicked = { ...visits, clicks: visits.clicks + 1 }
  if (happening.seen === 'nothing') return afterNothing(clicked, happening.by)
  const answered = { ...clicked, answered: true }
  return happening.seen === 'logged-in' ? afterLoggedIn(answered) : afterLoggedOut(answered, happening.by)
}

/** The whole visit in one line. */
export function describeVisits({ clicks, rotations, logouts, ended }: Visits): string {
  const out = logouts === 0 ? 'never logged out' : `logged out ${times(logouts)}`
  const byRevoke = ended === 0 ? '' : `, ${logouts === 0 ? 'but' : 'and'} ${times(ended)} by a revoke`
  return `Ada was ${out}${byRevoke}: ${count(clicks, 'click')}, ${count(rotations, 'rotation')}`
}

function afterRelease(visits: Visits, change: KeyChange): Visits {
  if (change === 'rotated') return { ...visits, rotations: visits.rotations + 1, untold: 'under-way' }
  return change === 'revoked' ? { ...visits, revoke: { ended: false, everywhere: false } } : visits
}

function afterSettled(visits: Visits): Visits {
  const revoke = visits.revoke && { ...visits.revoke, everywhere: true }
  return { ...visits, revoke, untold: visits.untold === 'none' ? 'none' : 'through' }
}

/** Said once for all clicks in a row that get no page. */
function afterNothing(visits: Visits, by: string): Counted {
  const after = { ...visits, unanswered: visits.unanswered + 1, answered: false }
  if (!visits.answered) return { visits: after }
  const why = by === NOBODY ? 'no process answers' : `${by} fails`
  return {
    visits: after,
    remark: { text: `Ada got no page at click ${visits.clicks}: ${why}`, tone: 'warning' },
  }
}

function afterLoggedIn(visits: Visits): Counted {
  const { revoke } = visits
  if (revoke?.everywhere) {
    const done = { ...visits, revoke: undefined }
    if (revoke.ended) return { visits: done }
    return {
      visits: done,
      remark: { text: 'Ada is still logged in: the revoke did not end her login', tone: 'bad' },
    }
  }
  if (visits.untold !== 'through') return { visits }
  const tone = visits.logouts === 0 ? 'good' : 'warning'
  return { visits: { ...visits, untold: 'none' }, remark: { text: describeVisits(visits), tone } }
}

function afterLoggedOut(visits: Visits, by: string): Counted {
  const { revoke } = visits
  if (!revoke) {
    const text = `Ada was logged out at click ${visits.clicks}, by ${by}; she logs in anew`
    return { visits: { ...visits, logouts: visits.logouts + 1 }, remark: { text, tone: 'bad' } }
  }
  // Until every process has the new keys, what one of them signs is refused by another.
  const still = revoke.everywhere ? undefined : { ...revoke, ended: true }
  if (revoke.ended) return { visits: { ...visits, revoke: still } }
  const text = 'Ada was logged out by the revoke, like everybody; she logs in anew'
  return { visits: { ...visits, ended: visits.ended + 1, revoke: still }, remark: { text, tone: 'good' } }
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}

function times(number: number): string {
  if (number === 1) return 'once'
  return number === 2 ? 'twice' : `${number} times`
}
