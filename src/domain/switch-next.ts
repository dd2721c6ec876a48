import { type ResourceState, wokenAt } from './resource-state.ts'
import { BY_PERSON } from './schedule.ts'

/**
 * Somebody wants the next key to be announced, or no longer. Whether Heroku still lists a key that was on its way out is
 * not known: it is read, and that very key is announced again. A rotation under way keeps its own time, and brings the
 * next key along.
 */
export function afterNextSwitched(state: ResourceState, on: boolean, now: Date): ResourceState {
  const { keyset, rotation } = state
  const next = keyset.next && { ...keyset.next, announced: keyset.next.announced && !on }
  const switched = { ...state, announcesNext: on, keyset: { ...keyset, next } }
  return rotation ? switched : wokenAt(switched, BY_PERSON, now)
}
