import { hash } from 'node:crypto'
import { serveAt } from './calendar.ts'
import { goodForSeconds } from './good-for.ts'
import type { GracePeriod } from './grace.ts'
import type { ResourceState } from './resource-state.ts'

/**
 * A name for what the keyring of this state says: another one says something else. It is made of version numbers and dates
 * alone, so it may be told to anybody.
 */
export function keyringTag(state: ResourceState, terms: { grace: GracePeriod; periodMs: number }): string {
  const { keyset, publishedReason, publishedAt, nextRotationAt, calendar, trust } = state
  // What Heroku does not hold yet is no part of it.
  const { pending: _pending, pendingFiller: _pendingFiller, ...published } = keyset
  const said = [
    published,
    publishedReason,
    publishedAt,
    serveAt(nextRotationAt, calendar),
    trust.confirmedEpoch,
    goodForSeconds({ ...terms, tokenLifeMs: state.tokenLifeMs }),
  ]
  return hash('sha256', JSON.stringify(said), 'hex').slice(0, 32)
}
