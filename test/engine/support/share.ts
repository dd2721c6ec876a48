import { createHash } from 'node:crypto'

/** A third is tried by `npm test`, the rest by `npm run test:outer`: vitest.config.ts says which one this is. */
const SHARE = process.env.ENGINE_SHARE ?? 'all'
const OF = 3
/** The day chooses which third, so in some days everybody has tried all of them. */
export const SHARE_SEED = process.env.ENGINE_SEED ?? new Date().toISOString().slice(0, 10)

if (!['third', 'rest', 'all'].includes(SHARE)) throw new Error(`ENGINE_SHARE is third, rest or all: ${SHARE}`)

/** How a run of it is repeated, for its log. */
export const shareInWords = `ENGINE_SHARE=${SHARE} ENGINE_SEED=${SHARE_SEED}`

/**
 * Whether this run tries it. Of the same seed, each name is either in the third or in the rest: who runs both has tried all of
 * them, and none twice.
 */
export function isOurs(name: string, { share = SHARE, seed = SHARE_SEED } = {}): boolean {
  if (share === 'all') return true
  const number = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32BE()
  return (number % OF === 0) === (share === 'third')
}
