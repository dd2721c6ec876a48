import { type Static, Type } from 'typebox'
import { isHeldForGood } from '../../domain/upcoming.ts'
import type { Overview } from '../../flows/dashboard/overview.ts'
import { policyView } from './policy.ts'
import { Moment, MomentOrNull, momentOf } from './schemas.ts'

/** What a change of the schedule is answered with. */
export const Schedule = Type.Object({
  changed: Type.Boolean({ description: 'False: it was so already.' }),
  next_rotation_at: MomentOrNull,
  next_rotations: Type.Array(Moment, {
    description:
      'When the next five are served, if nobody changes anything. Empty during a pause without an end.',
  }),
  policy: Type.Ref('Policy'),
})

export function scheduleView(overview: Overview, changed: boolean): Static<typeof Schedule> {
  const policy = policyView(overview)
  return {
    changed,
    next_rotation_at: isHeldForGood(overview) ? null : momentOf(overview.nextRotationAt),
    next_rotations: overview.upcoming.map(({ servedAt }) => momentOf(servedAt)),
    policy,
  }
}
