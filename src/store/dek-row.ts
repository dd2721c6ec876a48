import { sql } from 'kysely'
import type { OwnKeyState } from '../domain/own-key-watch.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'

/** What is known of the customer's own key that wraps a data key, by the column that names it; null for one of ours. */
export const ownKeyOf = (column: string) =>
  `case when starts_with(${column}, 'arn:') then (select o.state from own_keys o where o.arn = ${column}) end`

/** The same in a select of kysely. */
export const ownKeyState = sql<OwnKeyState | null>`${sql.raw(ownKeyOf('resources.kek_id'))}`.as(
  'own_key_state',
)

/** The data key of a row. */
export function dekOf(kekId: string, wrapped: Buffer, state: OwnKeyState | null): WrappedDek {
  return { kekId, wrapped, ...(state && { ownKey: state }) }
}

/** The same, with the second one for notices where there is one. */
export function dekWithNoticesOf(row: {
  kek_id: string | null
  wrapped_dek: Buffer | null
  notice_kek_id: string | null
  notice_dek: Buffer | null
  own_key_state: OwnKeyState | null
}): WrappedDek | null {
  const { kek_id: kekId, wrapped_dek: wrapped, notice_kek_id: noticeKekId, notice_dek: noticeDek } = row
  if (kekId === null || wrapped === null) return null
  const notices =
    noticeKekId === null || noticeDek === null ? undefined : { kekId: noticeKekId, wrapped: noticeDek }
  return { ...dekOf(kekId, wrapped, row.own_key_state), ...(notices && { notices }) }
}
