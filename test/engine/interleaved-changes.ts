import type { HistoryKind } from '../../src/domain/history.ts'
import type { ResourceState } from '../../src/domain/resource-state.ts'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { pauseRotation, resumeSchedule } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { setTokenLife } from '../../src/flows/dashboard/set-token-life.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { freeze, thaw, window } from './support/calendars.ts'
import { signOnBy } from './support/person.ts'

/** What somebody who is no worker does to an add-on, and what must be seen of it when all is calm again. */
export type Change = {
  name: string
  run: (deps: Deps, addonId: string) => Promise<unknown>
  /** What the history says of it. */
  tells?: HistoryKind
  /** What the state says of it. */
  shows?: (state: ResourceState, now: Date) => boolean
  /** No key of before is accepted any more. */
  revokes?: true
  /** The add-on is gone. */
  ends?: true
}

const actor = { type: 'operator' } as const

export const NOTHING: Change = { name: 'nothing', run: async () => {} }

function graceOf(hours: number): Change['run'] {
  return (deps, resourceId) =>
    setGracePeriod(deps, { resourceId, actor, grace: { until: 'elapsed', ms: hours * HOUR } })
}

/** The grace period of the old key, if one is left in the second place. */
function graceOfSecond({ keyset: { second }, publishedAt }: ResourceState): number | undefined {
  return second.filler ? undefined : second.until.getTime() - publishedAt.getTime()
}

export const CHANGES: readonly Change[] = [
  NOTHING,
  {
    name: 'rotate now',
    run: (deps, resourceId) => requestRotation(deps, { resourceId, actor, evenIfTooSoon: true }),
    // From the promotion on, a whole period is left.
    shows: ({ publishedAt, nextRotationAt }) => nextRotationAt.getTime() - publishedAt.getTime() >= 13 * DAY,
  },
  {
    name: 'revoke',
    run: (deps, resourceId) => revokeKeys(deps, { resourceId, actor }),
    tells: 'keys-revoked',
    shows: ({ keyset: { second } }) => second.filler,
    revokes: true,
  },
  {
    name: 'plan daily',
    run: (deps, resourceId) => changePlan(deps, { resourceId, plan: 'daily' }),
    tells: 'plan-changed',
    shows: ({ nextRotationAt }, now) => nextRotationAt.getTime() - now.getTime() <= DAY,
  },
  {
    name: 'plan monthly',
    run: (deps, resourceId) => changePlan(deps, { resourceId, plan: 'monthly' }),
    tells: 'plan-changed',
    shows: ({ nextRotationAt }, now) => nextRotationAt.getTime() - now.getTime() >= 13 * DAY,
  },
  {
    name: 'a pause without an end',
    run: (deps, resourceId) => pauseRotation(deps, { resourceId, actor, until: null, reason: 'freeze' }),
    tells: 'schedule-paused',
    shows: ({ pause }) => pause?.reason === 'freeze',
  },
  {
    name: 'a pause that is ended at once',
    async run(deps, resourceId) {
      const until = new Date(deps.now().getTime() + DAY)
      await pauseRotation(deps, { resourceId, actor, until, reason: 'freeze' })
      await resumeSchedule(deps, { resourceId, actor })
    },
    tells: 'schedule-resumed',
    shows: ({ pause }) => pause === null,
  },
  {
    name: 'a window, and a freeze that is ended at once',
    async run(deps, resourceId) {
      // Always open, so that what waits for it has ended when all is calm.
      await window(deps, resourceId, 'daily 00:00-24:00 UTC')
      await freeze(deps, resourceId, DAY)
      await thaw(deps, resourceId)
    },
    tells: 'freeze-removed',
    shows: ({ calendar }) => calendar.windows.length === 1 && calendar.freezes.length === 0,
  },
  {
    name: 'a grace period of two hours',
    run: graceOf(2),
    tells: 'grace-period-changed',
    // A stated life counts where it is longer.
    shows: ({ keyset: { second }, tokenLifeMs }, now) =>
      second.filler || second.until.getTime() - now.getTime() < (tokenLifeMs ?? 0) + 6 * HOUR,
  },
  {
    name: 'a grace period of twenty days',
    run: graceOf(20 * 24),
    tells: 'grace-period-changed',
    shows: (state) => [undefined, 20 * DAY].includes(graceOfSecond(state)),
  },
  {
    name: 'a token life of seven days',
    run: (deps, resourceId) => setTokenLife(deps, { resourceId, actor, tokenLifeMs: 7 * DAY }),
    tells: 'token-life-changed',
    shows: ({ tokenLifeMs }) => tokenLifeMs === 7 * DAY,
  },
  {
    name: 'the next key switched on',
    run: (deps, resourceId) => announceNext(deps, { resourceId, actor, on: true }),
    shows: ({ announcesNext, keyset: { next } }) => announcesNext && next?.announced === true,
  },
  {
    name: 'the next key switched off',
    run: (deps, resourceId) => announceNext(deps, { resourceId, actor, on: false }),
    shows: ({ announcesNext, keyset: { next } }) => !announcesNext && next === null,
  },
  {
    name: 'the next key switched on, off and on',
    async run(deps, resourceId) {
      for (const on of [true, false, true]) await announceNext(deps, { resourceId, actor, on })
    },
    tells: 'next-switched-off',
    shows: ({ announcesNext, keyset: { next } }) => announcesNext && next?.announced === true,
  },
  {
    name: 'a deprovision',
    run: (deps, resourceId) => deprovision(deps, { resourceId }),
    tells: 'deprovisioned',
    ends: true,
  },
  {
    name: 'a sign-on',
    run: (deps, resourceId) => signOnBy(deps, resourceId, deps.now()),
    tells: 'signed-in',
  },
]
