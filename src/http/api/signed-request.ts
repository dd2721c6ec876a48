import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { type MessageSignature, readContentDigest, readMessageSignature } from './message-signature.ts'
import { signatureBase } from './signature-base.ts'

/** A request that carries a signature over all that it has to cover, and the text that was signed. */
export type SignedRequest = MessageSignature & { base: string }

/** What a signature must cover: whatever else a request says could be exchanged by whoever passes it on. */
const COVERED = ['@method', '@authority', '@path', 'authorization', 'content-type', 'content-digest'] as const
const JSON_TYPE = /^application\/json(;\s*charset=utf-8)?$/i

/**
 * Reads the signature of a request to the service at `url`, whatever `Host` says. Undefined where anything that has to be
 * signed is missing, there twice or not covered, where there is a query, and where the body is another than was signed.
 */
export function readSignedRequest(
  request: FastifyRequest,
  { url, body }: { url: URL; body: Buffer },
): SignedRequest | undefined {
  const fieldLines = fieldLinesOf(request)
  const signature = readMessageSignature({
    input: fieldLines('signature-input'),
    signature: fieldLines('signature'),
  })
  if (!signature || COVERED.some((name) => !signature.components.includes(name))) return undefined
  const [type, ...moreTypes] = fieldLines('content-type')
  if (type === undefined || moreTypes.length > 0 || !JSON_TYPE.test(type.trim())) return undefined
  if (fieldLines('authorization').length !== 1) return undefined
  if (request.url.includes('?')) return undefined
  const digest = readContentDigest(fieldLines('content-digest'))
  if (!digest?.equals(hash('sha256', body, 'buffer'))) return undefined
  const base = signatureBase(signature.components, signature.params, {
    method: request.method,
    scheme: url.protocol.slice(0, -1),
    authority: url.host,
    path: url.pathname,
    fieldLines,
  })
  return base === undefined ? undefined : { ...signature, base }
}

/** The lines of a header as they came: Node joins some, and drops the second of others. */
function fieldLinesOf({ raw: { rawHeaders } }: FastifyRequest): (name: string) => readonly string[] {
  const lines = new Map<string, string[]>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    lines.set(name, [...(lines.get(name) ?? []), rawHeaders[at + 1] ?? ''])
  }
  return (name) => lines.get(name) ?? []
}
