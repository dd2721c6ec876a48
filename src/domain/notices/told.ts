import type { HistoryDetails, HistoryRow } from '../history.ts'
import type { NoticeFacts, NoticeKind } from './notice.ts'

/** What is told of a history row, before it has an id. */
export type Told = { kind: NoticeKind; text: string; facts?: NoticeFacts }
/** Tells of a row of the add-on of that name. */
export type Tell = (row: HistoryRow, name: string) => Told

/** A detail of a row as a text; empty where there is none. */
export function textIn(details: HistoryDetails | undefined, name: string): string {
  return String(details?.[name] ?? '')
}

/** A detail of a row as a date. */
export function dateIn(details: HistoryDetails | undefined, name: string): Date | undefined {
  const time = Date.parse(textIn(details, name))
  return Number.isNaN(time) ? undefined : new Date(time)
}
