import { type Static, Type } from 'typebox'
import { type CheckIn, isFresh } from '../../domain/check-in.ts'
import type { WouldLogOut } from '../../flows/dashboard/would-log-out.ts'
import type { KeyLife } from '../../flows/key-lives.ts'
import { Moment, momentOf, oneOf, TextOrNull } from './schemas.ts'

const MOST_TOLD = 20

/** The last word of a process. */
export const SaidCheckIn = Type.Object({
  app: TextOrNull,
  process: TextOrNull,
  signs_with: Type.String(),
  version: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Of that key; null for one that the add-on does not have now.',
  }),
  at: Moment,
  fresh: Type.Boolean({ description: 'Not older than 90 minutes: it can hold an old key back.' }),
})

/** Check-ins as answers hold them, the newest ones. */
export function checkInViews(
  checkIns: readonly CheckIn[],
  keys: readonly KeyLife[],
  now: Date,
): Static<typeof SaidCheckIn>[] {
  return checkIns.slice(0, MOST_TOLD).map((each) => ({
    app: each.app,
    process: each.process,
    signs_with: each.kid,
    version:
      keys.find(({ fingerprint, stage }) => fingerprint === each.kid && stage !== 'retired')?.version ?? null,
    at: momentOf(each.at),
    fresh: isFresh(each, now),
  }))
}

export const WouldLogOutView = Type.Union(
  [
    Type.Null(),
    Type.Object({
      kid: Type.String(),
      version: Type.Integer(),
      signed_before: Type.Union([Moment, Type.Null()], {
        description: 'All that this key signed is older, but for what the apps below still sign.',
      }),
      accepted_until: Type.Union([Moment, Type.Null()], {
        description: 'Without a rotation; null where no end is known.',
      }),
      apps: Type.Array(Type.Object({ name: Type.String(), because: oneOf(['release', 'check-in']) }), {
        description:
          'They sign with it still. `(not named)`: a process that named none of the attached apps.',
      }),
      unseen: Type.Array(Type.String(), { description: 'Apps whose release Heroku does not show to us.' }),
      possible_from: Type.Union([Moment, Type.Null()], {
        description: 'Before, `POST /v1/rotations` is refused as `too-soon`.',
      }),
    }),
  ],
  {
    description:
      'What a rotation now would end: the key in the second place leaves, and what it signed is refused. Null where nobody signs with the key in that place.',
  },
)

/** Who would be logged out by a rotation now. */
export function wouldLogOutView(found: WouldLogOut | null): Static<typeof WouldLogOutView> {
  return (
    found && {
      kid: found.key.fingerprint,
      version: found.key.version,
      signed_before: momentOf(found.signedBefore),
      accepted_until: momentOf(found.acceptedUntil),
      apps: found.apps,
      unseen: found.unseen,
      possible_from: momentOf(found.possibleFrom),
    }
  )
}
