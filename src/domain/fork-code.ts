/** So long a code can be used. */
export const FORK_CODE_LIFE_MS = 3_600_000

/** What a code says: whose keys it hands over, and until when. `id` stands in its text, and opens nothing. */
export type ForkCode = { id: string; resourceId: string; expiresAt: Date }

/** The one text that stands for a code, of which its MAC is made. `digest` is that of the whole code. */
export function forkCodeText(digest: Buffer, { id, resourceId, expiresAt }: ForkCode): string {
  return JSON.stringify([id, digest.toString('hex'), resourceId, expiresAt.getTime()])
}
