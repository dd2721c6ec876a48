import type { HerokuFailure } from '../../domain/heroku-failure.ts'
import { uuidFrom } from '../../domain/random-uuid.ts'
import type { WrappedDek } from '../../domain/wrapped-dek.ts'
import { findResource } from '../../store/resources.ts'
import { findWrappedDeks } from '../../store/wrapped-deks.ts'
import type { Deps } from '../deps.ts'

/**
 * Tells a resource whose data key is damaged from a process whose settings cannot open it. Such a process claims nothing
 * until it can: whoever has the right settings takes what it gave back.
 */
export type UnsealGuard = {
  mayClaim: () => true | Promise<boolean>
  /** Whether a data key that does not open is the failure of this process. False too where the data key does open. */
  isOurs: (resourceId: string, dek: WrappedDek, failure: HerokuFailure) => Promise<boolean>
}

const ASK_AGAIN_MS = 60_000
/** Data keys of other resources that are tried, to see whether it is the process. */
const OTHERS_TRIED = 3

/** The guard of one worker. */
export function createUnsealGuard(
  deps: Pick<Deps, 'db' | 'now' | 'random' | 'sealing' | 'log'>,
): UnsealGuard {
  let closedBy: string | undefined
  let askedMs = 0

  async function opens(resourceId: string, dek: WrappedDek): Promise<boolean> {
    try {
      await deps.sealing.forResource(resourceId, dek)
      return true
    } catch {
      return false
    }
  }

  /** A resource says it of the process where no other opens either: of those under its KEK, else of all. */
  async function saysItOfUs(resourceId: string, dek: WrappedDek): Promise<boolean> {
    if (await opens(resourceId, dek)) return false
    const request = { from: uuidFrom(deps.random(16)), except: resourceId, limit: OTHERS_TRIED }
    const alike = await findWrappedDeks(deps.db, { ...request, kekId: dek.kekId })
    const others = alike.length > 0 ? alike : await findWrappedDeks(deps.db, request)
    for (const other of others) if (await opens(other.resourceId, other.dek)) return false
    return true
  }

  async function mayClaimAgain(stopper: string): Promise<boolean> {
    const nowMs = deps.now().getTime()
    // A clock that jumps must not make the wait longer.
    if (Math.abs(nowMs - askedMs) < ASK_AGAIN_MS) return false
    askedMs = nowMs
    // A resource that is gone keeps nobody from working, nor does one beside which another opens by now.
    const dek = (await findResource(deps.db, stopper))?.dek
    if (dek && (await saysItOfUs(stopper, dek))) return false
    deps.log.warn({}, 'worker can unseal again')
    closedBy = undefined
    return true
  }

  return {
    mayClaim() {
      return closedBy === undefined ? true : mayClaimAgain(closedBy)
    },

    async isOurs(resourceId, dek, { detail }) {
      if (!(await saysItOfUs(resourceId, dek))) return false
      // Others of its group may have found it out meanwhile; it is told once.
      if (closedBy === undefined) {
        const { kekId } = dek
        deps.log.error({ resourceId, kekId, detail }, 'worker cannot unseal, nothing is claimed')
        closedBy = resourceId
        askedMs = deps.now().getTime()
      }
      return true
    },
  }
}
