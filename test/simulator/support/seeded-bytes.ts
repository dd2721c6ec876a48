import { createHash } from 'node:crypto'

/** Bytes that look random and are the same for the same seed. */
export function seededBytes(seed: string): (bytes: number) => Buffer {
  let count = 0
  return (bytes) => {
    const blocks: Buffer[] = []
    for (let length = 0; length < bytes; length += 32) {
      blocks.push(createHash('sha256').update(`${seed}:${count++}`).digest())
    }
    return Buffer.concat(blocks).subarray(0, bytes)
  }
}
