import { beforeAll } from 'vitest'
import { type Harness, type HarnessOptions, startHarness } from './harness.ts'

/** One harness for all tests of a file, for tests that each work on resources of their own. */
export function sharedHarness(options: HarnessOptions = {}): () => Harness {
  let harness: Harness | undefined
  beforeAll(async () => {
    const ends: (() => Promise<void>)[] = []
    harness = await startHarness({ ...options, whenFinished: (end) => ends.push(end) })
    return async () => {
      for (const end of ends) await end()
    }
  })
  return () => {
    if (!harness) throw new Error('the harness is there only while tests run')
    return harness
  }
}
