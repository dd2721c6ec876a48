import { createHash } from 'node:crypto'
import { uuidFrom } from './random-uuid.ts'

/**
 * The id that a resource gets here when its provision request names none of Heroku's (Legacy Add-on Partner API): the same
 * for each repeat of the request, and another once `ended` add-ons of that id at Heroku are gone. Of the version that RFC
 * 9562 leaves to whoever makes it, so that it is never taken for an id of Heroku's.
 */
export function ownResourceId(herokuId: string, ended: number): string {
  const bytes = createHash('sha256').update(`securekey:${herokuId}:${ended}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return uuidFrom(bytes)
}

/** Whether an id was made here. */
export function isOwnId(resourceId: string): boolean {
  return resourceId[14] === '8'
}
