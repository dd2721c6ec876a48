import type { NewVersions } from './keyset.ts'
import type { ResourceState } from './resource-state.ts'
import { lacksNext, type Step } from './rotation.ts'

/**
 * The numbers of the versions that are made. A rotation promotes the key that apps were told of, where there is one, also
 * where nobody wants the next one to be announced any more.
 */
export function versionsToMake(state: ResourceState, step: Step): NewVersions {
  const { keyset, announcesNext } = state
  let last = state.lastVersion
  const fresh = () => {
    last += 1
    return last
  }
  if (step.step === 'create-next') return { key: null, filler: null, next: fresh() }
  if (step.step === 'create-filler') {
    return { key: null, filler: fresh(), next: lacksNext(state) ? fresh() : null }
  }
  const key = keyset.next?.version ?? fresh()
  const needsFiller = step.step === 'create' && step.reason === 'revoke' && keyset.pendingFiller === null
  return { key, filler: needsFiller ? fresh() : null, next: announcesNext ? fresh() : null }
}
