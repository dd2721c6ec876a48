import { type Dictionary, parseDictionary, serializeDictionary, serializeInnerList } from 'structured-headers'

/** A signature of the label `securekey` and what it says of itself; it is not proved by that. */
export type MessageSignature = {
  components: readonly string[]
  /** The covered components and the parameters as they were sent: the last line of the signature base. */
  params: string
  mac: Buffer
  /** Unix seconds. */
  created: number
  expires: number | null
  nonce: string
  kid: string
}

const LABEL = 'securekey'
const LONGEST_FIELD = 2_000
const MOST_COMPONENTS = 24
const MAC_BYTES = 32
const NONCE = /^[A-Za-z0-9_-]{22,64}$/
const KID = /^[0-9a-f]{8}$/
const PARAMETERS: readonly string[] = ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag']

/**
 * Reads `Signature-Input` and `Signature` (RFC 9421, 4), strictly: one label, each parameter once, and all of it written as
 * RFC 9651 writes it, so that there are no two ways to read it. Undefined where something is missing, odd or too much.
 */
export function readMessageSignature(fields: {
  input: readonly string[]
  signature: readonly string[]
}): MessageSignature | undefined {
  const input = oneMember(fields.input)
  const signature = oneMember(fields.signature)
  if (!input || !signature) return undefined
  const [items, parameters] = input
  const [bytes, more] = signature
  if (!Array.isArray(items) || items.length > MOST_COMPONENTS) return undefined
  if (!(bytes instanceof ArrayBuffer) || bytes.byteLength !== MAC_BYTES || more.size > 0) return undefined
  const components = items.flatMap(([name, own]) =>
    typeof name === 'string' && own.size === 0 ? [name] : [],
  )
  if (components.length < items.length) return undefined
  if ([...parameters.keys()].some((name) => !PARAMETERS.includes(name))) return undefined
  const created = parameters.get('created')
  const expires = parameters.get('expires') ?? null
  const nonce = parameters.get('nonce')
  const kid = parameters.get('keyid')
  if (parameters.get('alg') !== 'hmac-sha256') return undefined
  if (!isWhole(created) || !(expires === null || isWhole(expires))) return undefined
  if (typeof nonce !== 'string' || !NONCE.test(nonce)) return undefined
  if (typeof kid !== 'string' || !KID.test(kid)) return undefined
  const params = serializeInnerList([items, parameters])
  return { components, params, mac: Buffer.from(bytes), created, expires, nonce, kid }
}

/** The SHA-256 of a body as `Content-Digest` states it (RFC 9530); undefined where it states none. */
export function readContentDigest(lines: readonly string[]): Buffer | undefined {
  const stated = parsed(lines)?.get('sha-256')
  const bytes = stated?.[0]
  return bytes instanceof ArrayBuffer ? Buffer.from(bytes) : undefined
}

/** The one member of a dictionary that has no other, and is written in the one way that there is. */
function oneMember(lines: readonly string[]) {
  const dictionary = parsed(lines)
  return dictionary?.size === 1 ? dictionary.get(LABEL) : undefined
}

function parsed(lines: readonly string[]): Dictionary | undefined {
  const [text, ...more] = lines
  if (text === undefined || more.length > 0 || text.length > LONGEST_FIELD) return undefined
  try {
    const dictionary = parseDictionary(text)
    // What is said twice, or is padded in another way, is written back differently.
    return serializeDictionary(dictionary) === text ? dictionary : undefined
  } catch {
    return undefined
  }
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}
