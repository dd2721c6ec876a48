import { DEBIAN_PACKAGES, type DebianSet } from '../../../scripts/debian-packages.ts'
import { unpackDebian } from '../../../scripts/debian-suite.ts'

const REQUIRED = process.env.REQUIRE_TOOLS === '1'

/**
 * The folder with Debian's newer packages of this set, for a `PYTHONPATH` or `GEM_PATH`. Where they can be had neither from
 * the network nor from an earlier run: undefined, and says why; with REQUIRE_TOOLS=1 it throws.
 */
export async function debianSuite(set: DebianSet): Promise<string | undefined> {
  try {
    return await unpackDebian(DEBIAN_PACKAGES[set])
  } catch (error) {
    const problem = `Debian's newer packages for ${set} cannot be had: ${sentencesOf(error)}`
    if (REQUIRED) throw new Error(problem, { cause: error })
    console.warn(`Skipped: ${problem}`)
    return undefined
  }
}

function sentencesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message} ${sentencesOf(error.cause)}`
}
