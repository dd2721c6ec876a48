import { rm } from 'node:fs/promises'

const TRIES = 20
/** Each wait is longer than the one before it by so much. */
const STEP_MS = 25

/**
 * Removes a folder of a test and all that is in it, where there is one. A process that the test has ended may have left
 * children, which go on writing for a moment: then it is not empty at the first try.
 */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: TRIES, retryDelay: STEP_MS })
}
