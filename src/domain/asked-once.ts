import { hash } from 'node:crypto'

/** A request that may come twice, by digests: of the key that names it and of what it asks for. */
export type AskedOnce = { keyDigest: Buffer; requestDigest: Buffer }

/**
 * What an `Idempotency-Key` of a token stands for. The same key of another token is another one, and so is the same key
 * for another `operation`.
 */
export function askedOnce(request: {
  tokenId: string
  operation: string
  key: string
  body: unknown
}): AskedOnce {
  const { tokenId, operation, key, body } = request
  return {
    keyDigest: hash('sha256', JSON.stringify([tokenId, operation, key]), 'buffer'),
    requestDigest: hash('sha256', JSON.stringify(body ?? null), 'buffer'),
  }
}
