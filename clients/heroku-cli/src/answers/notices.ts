import { type Fields, fieldsOf, listIn, momentIn, momentOrNullIn, textIn, textOrNullIn } from './fields.ts'

/** How somebody who is told notices is doing. */
export type TargetHealth = { failingSince: Date | null; lastFailure: string | null; givenUpAt: Date | null }

/** What has happened of which anybody is told. */
export type ShownNotice = { at: Date; kind: string; text: string }

/** Who is told notices, as `GET /v1/notices` tells it. `log`: the log of the app; null where it is off. */
export type Notices = { log: TargetHealth | null; newest: readonly ShownNotice[] }

export function readNotices(answer: unknown): Notices {
  const fields = fieldsOf(answer)
  return {
    log: fields.log === null || fields.log === undefined ? null : readTargetHealth(fieldsOf(fields.log)),
    newest: listIn(fields, 'newest', (item) => {
      const notice = fieldsOf(item)
      return { at: momentIn(notice, 'at'), kind: textIn(notice, 'kind'), text: textIn(notice, 'text') }
    }),
  }
}

export function readTargetHealth(fields: Fields): TargetHealth {
  return {
    failingSince: momentOrNullIn(fields, 'failing_since'),
    lastFailure: textOrNullIn(fields, 'last_failure'),
    givenUpAt: momentOrNullIn(fields, 'given_up_at'),
  }
}
