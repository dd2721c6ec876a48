import type { Deps } from '../flows/deps.ts'
import { claimDueLinks, lookAtLink, tellOfLinksLeft } from '../flows/private-link/look-at-links.ts'

/** Looks at private links beside the ticks: AWS may let us wait, and no rotation ever waits for it. */
export type PrivateLinks = {
  /** Begins to work off what is due, unless that is under way. Returns at once. */
  begin: () => void
  /** Resolves when nothing is under way any more. */
  idle: () => Promise<void>
}

export type PrivateLinksOptions = {
  /** Whether this process may claim anything: its clock is right, and it is no copy. */
  mayClaim: () => Promise<boolean>
  closing: AbortSignal
}

/** So many links are looked at beside each other, and so many at the most after one tick: AWS is not flooded by a backlog. */
const AT_A_TIME = 5
const MOST_BATCHES = 4

/** The looking of one process. */
export function createPrivateLinks(deps: Deps, { mayClaim, closing }: PrivateLinksOptions): PrivateLinks {
  const { endpointServices: services } = deps
  let working: Promise<void> | undefined
  let isTold = false

  async function workOff(): Promise<void> {
    if (!services) return await tellOfLeft()
    for (let batch = 0; batch < MOST_BATCHES && !closing.aborted; batch += 1) {
      if (!(await mayClaim())) return
      const claimed = await claimDueLinks(deps, AT_A_TIME)
      await Promise.all(claimed.map((each) => lookAtLink(deps, services, each)))
      if (claimed.length < AT_A_TIME) return
    }
  }

  async function tellOfLeft(): Promise<void> {
    isTold = true
    await tellOfLinksLeft(deps)
  }

  return {
    begin() {
      if (working || closing.aborted || (!services && isTold)) return
      working = workOff()
        .catch((error: unknown) => deps.log.error({ err: error }, 'looking at private links interrupted'))
        .finally(() => {
          working = undefined
        })
    },
    async idle() {
      await working
    },
  }
}
