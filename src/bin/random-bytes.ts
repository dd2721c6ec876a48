import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4_096

/**
 * Random bytes for keys, drawn many at a time: a draw costs the same for 32 bytes and for 4,096. What was handed out is
 * wiped from the pool, so a key stands nowhere but where its caller keeps it.
 */
export function createRandomBytes(): (bytes: number) => Buffer {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
  let at = POOL_BYTES
  return (bytes) => {
    if (bytes > POOL_BYTES) return randomFillSync(Buffer.allocUnsafeSlow(bytes))
    if (at + bytes > POOL_BYTES) {
      randomFillSync(pool)
      at = 0
    }
    const drawn = Buffer.allocUnsafe(bytes)
    pool.copy(drawn, 0, at, at + bytes)
    pool.fill(0, at, at + bytes)
    at += bytes
    return drawn
  }
}
