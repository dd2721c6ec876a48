import { type Static, Type } from 'typebox'
import { formatDuration } from '../../domain/duration.ts'
import { goodForSeconds } from '../../domain/good-for.ts'
import { formatGracePeriod } from '../../domain/grace.ts'
import { isPaused } from '../../domain/pause.ts'
import { formatTokenLife } from '../../domain/token-life.ts'
import { formatWindows } from '../../domain/windows.ts'
import type { Overview } from '../../flows/dashboard/overview.ts'
import { Moment, MomentOrNull, momentOf } from './schemas.ts'

export const Policy = Type.Object(
  {
    rotation_period: Type.String({ description: 'Set by the plan: `14d`.' }),
    grace_period: Type.String({
      description:
        'How long an old key is accepted: `36h` or, of whole days, `2d`; `period` for until the next rotation.',
    }),
    least_grace_period: Type.String(),
    token_life: Type.String({
      description:
        'How long the longest thing lives that apps sign, as somebody has stated it: `30d`; `off`: nobody has. Old keys are kept that long.',
    }),
    good_for: Type.Integer({
      description: 'Seconds for which what an app signs from now on is accepted at least.',
    }),
    announces_next: Type.Boolean({
      description: 'The key of the next rotation is announced one rotation early.',
    }),
    windows: Type.String({
      description:
        'When the schedule may restart apps, as `--window` takes it; `any`: at any time. Outside of freezes.',
    }),
    pause: Type.Union([
      Type.Null(),
      Type.Object({ since: Moment, until: MomentOrNull, reason: Type.String() }),
    ]),
  },
  { $id: 'Policy' },
)

/** The policy of a resource as the API tells it. */
export function policyView(
  overview: Pick<
    Overview,
    'periodMs' | 'grace' | 'graceFloorMs' | 'announcesNext' | 'tokenLifeMs' | 'pause' | 'calendar' | 'now'
  >,
): Static<typeof Policy> {
  const { periodMs, grace, graceFloorMs, announcesNext, tokenLifeMs, pause, calendar, now } = overview
  return {
    rotation_period: formatDuration(periodMs),
    grace_period: formatGracePeriod(grace),
    least_grace_period: formatDuration(graceFloorMs),
    token_life: formatTokenLife(tokenLifeMs),
    good_for: goodForSeconds({ grace, periodMs, tokenLifeMs }),
    announces_next: announcesNext,
    windows: formatWindows(calendar.windows),
    pause:
      pause && isPaused(pause, now)
        ? { since: momentOf(pause.at), until: momentOf(pause.until), reason: pause.reason }
        : null,
  }
}
