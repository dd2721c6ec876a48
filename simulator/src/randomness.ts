import { createHash } from 'node:crypto'

/** Everything random in the simulator, drawn from one source so that a seed makes a run repeatable. */
export type Randomness = {
  uuid: () => string
  hex: (bytes: number) => string
  below: (limit: number) => number
  pick: (words: readonly string[]) => string
}

/** Wraps a source of bytes, such as `crypto.randomBytes`. */
export function createRandomness(random: (bytes: number) => Buffer): Randomness {
  // 4 bytes modulo a small limit is slightly uneven, which does not matter for names.
  const below = (limit: number) => random(4).readUInt32BE(0) % limit
  return {
    uuid: () => formatUuid(random(16)),
    hex: (bytes) => random(bytes).toString('hex'),
    below,
    pick: (words) => words[below(words.length)] ?? '',
  }
}

/**
 * A uuid made of a text, always the same one. For ids that must not use up randomness (request ids, plan ids):
 * otherwise one more request would change every name that follows in a seeded run.
 */
export function uuidFrom(text: string): string {
  return formatUuid(createHash('sha256').update(text).digest().subarray(0, 16))
}

function formatUuid(bytes: Buffer): string {
  const copy = Buffer.from(bytes)
  copy.writeUInt8((copy.readUInt8(6) & 0x0f) | 0x40, 6)
  copy.writeUInt8((copy.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = copy.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
