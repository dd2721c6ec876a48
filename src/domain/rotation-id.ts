import type { RotationReason } from './rotation-reason.ts'

/** What tells a rotation from all others of its resource: why it was opened, and when. */
export type RotationName = { reason: RotationReason; openedAt: Date }

const FORM = /^(scheduled|manual|plan-change|revoke)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/

/** The id of a rotation, for example `manual-20260303T120000000Z`. It stays the same from its opening on. */
export function rotationId({ reason, openedAt }: RotationName): string {
  return `${reason}-${openedAt.toISOString().replace(/[-:.]/g, '')}`
}

/** The rotation that an id names; undefined for a text that is no such id. */
export function readRotationId(text: string): RotationName | undefined {
  const [, reason, year, month, day, hour, minute, second, ms] = FORM.exec(text) ?? []
  const openedAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
  if (reason === undefined || Number.isNaN(openedAt.getTime())) return undefined
  const name = { reason: reason as RotationReason, openedAt }
  // The 31st of February is a date to `Date`, of another day.
  return rotationId(name) === text ? name : undefined
}
