import type { NoticeChannel } from '../domain/notices/notice.ts'
import { bigint, integer, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of notices: how far each target was told. */
export const NOTICE_TABLES = {
  notice_cursors: {
    resource_id: uuid,
    target: text(),
    channel: text<NoticeChannel>(),
    lane: text(),
    seq: integer,
    wanted_seq: integer,
    coming_for: orNull(moment),
    late_for: orNull(moment),
    expected_at: orNull(moment),
    attempts: withDefault(integer),
    failing_since: orNull(moment),
    last_failure: orNull(text()),
    given_up_seq: orNull(integer),
    given_up_at: orNull(moment),
    wake_at: orNull(moment),
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
  },
}
