import { hash } from 'node:crypto'

/** A request that may come twice, by digests: of the key that names it and of what it asks for. */
export type AskedOnce = { keyDigest: Buffer; requestDigest: Buffer }

/**
 * What an `Idempotency-Key` of a token stands for. The same key of another token is another one, and so is the same key
 * for another `operation`. The order of the fields says nothing: programs write one object in several.
 */
export function askedOnce(request: {
  tokenId: string
  operation: string
  key: string
  body: object
}): AskedOnce {
  const { tokenId, operation, key, body } = request
  return {
    keyDigest: hash('sha256', JSON.stringify([tokenId, operation, key]), 'buffer'),
    requestDigest: hash('sha256', JSON.stringify(Object.entries(body).sort()), 'buffer'),
  }
}
