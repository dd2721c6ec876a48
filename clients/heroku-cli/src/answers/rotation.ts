import { fieldsOf, momentOrNullIn, numberOrNullIn, textIn, textOrNullIn } from './fields.ts'

/** A rotation, as `GET /v1/rotations/{id}` tells it. */
export type Rotation = {
  id: string
  reason: string
  status: string
  kid: string | null
  version: number | null
  nextRotationAt: Date | null
}

export function readRotation(answer: unknown): Rotation {
  const fields = fieldsOf(answer)
  return {
    id: textIn(fields, 'id'),
    reason: textIn(fields, 'reason'),
    status: textIn(fields, 'status'),
    kid: textOrNullIn(fields, 'kid'),
    version: numberOrNullIn(fields, 'version'),
    nextRotationAt: momentOrNullIn(fields, 'next_rotation_at'),
  }
}

/** What `POST /v1/rotations` and `POST /v1/revocations` answer. */
export function readAccepted(answer: unknown): { outcome: string; rotation: Rotation } {
  const fields = fieldsOf(answer)
  return { outcome: textIn(fields, 'outcome'), rotation: readRotation(fields.rotation) }
}
