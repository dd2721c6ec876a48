import type { EnrolledClient } from '../../../flows/hand-over/clients.ts'
import type { Moment } from './time-words.ts'

/** A client of which its owner should know. */
export type ClientNote = { name: string; alarm: Moment | null; asked: Moment | null }

const MOST_TOLD = 3

/**
 * What the first page says of clients: each that came back with an older key, as long as it is enrolled, and the latest of
 * those that have asked for the first time under the key that signs.
 */
export function clientNotes(
  { clients, current }: { clients: readonly EnrolledClient[]; current: number },
  moment: (at: Date) => Moment,
): { clientNotes: ClientNote[]; clientNotesMore: number } {
  const alarms = clients.flatMap(({ name, alarmAt }) =>
    alarmAt ? [{ name, alarm: moment(alarmAt), asked: null }] : [],
  )
  const asked = clients
    .flatMap(({ name, seenVersion, seenAt, alarmAt }) =>
      seenAt && seenVersion === current && !alarmAt ? [{ name, seenAt }] : [],
    )
    .toSorted((a, b) => b.seenAt.getTime() - a.seenAt.getTime())
  const told = asked
    .slice(0, MOST_TOLD)
    .map(({ name, seenAt }) => ({ name, alarm: null, asked: moment(seenAt) }))
  return { clientNotes: [...alarms, ...told], clientNotesMore: asked.length - told.length }
}
