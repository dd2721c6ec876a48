import type { Deps } from './deps.ts'

/** A number from 0 up to 1, by chance. */
export function randomFraction({ random }: Pick<Deps, 'random'>): number {
  return random(4).readUInt32BE() / 2 ** 32
}
