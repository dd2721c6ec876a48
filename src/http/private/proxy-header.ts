import { crc32c } from './crc32c.ts'

/**
 * What stands at the beginning of a connection:
 * - `partial`: it may still become a header
 * - `local`: the load balancer speaks for itself, as its health checks do
 * - `proxied`: it passes on a connection. `address`: of the client, null where it is not told. `endpointId`: the VPC endpoint
 *   through which it came, null where it came through none.
 * - `refused`: no header that this service takes
 *
 * `length`: how many bytes the header has; what follows is what the client says.
 */
export type ProxyHeader =
  | { is: 'partial' }
  | { is: 'local'; length: number }
  | { is: 'proxied'; length: number; address: string | null; endpointId: string | null }
  | { is: 'refused'; because: HeaderProblem }

/**
 * - `no-header`: it begins with something else, such as a request or a header of version 1
 * - `version`: neither a connection that is passed on nor one of the load balancer itself, in version 2
 * - `too-long`: longer than any load balancer writes it
 * - `transport`: it came by something else than TCP
 * - `malformed`: its parts do not fit into it
 * - `checksum`: it was changed on its way
 * - `endpoint`: what it names is no VPC endpoint, or it names two
 */
export type HeaderProblem =
  | 'no-header'
  | 'version'
  | 'too-long'
  | 'transport'
  | 'malformed'
  | 'checksum'
  | 'endpoint'

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
/** Signature, version and command, family and transport, length of what follows. */
const FIXED_BYTES = 16
/** AWS needs less than 100. The protocol allows 65,551, which nobody needs who names a client and an endpoint. */
export const LONGEST_HEADER_BYTES = 2_048

const LOCAL = 0x20
const PROXY = 0x21
const UNSPECIFIED = 0x00
const TCP4 = 0x11
const TCP6 = 0x21
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [UNSPECIFIED]: 0, [TCP4]: 12, [TCP6]: 36 }

const CRC32C = 0x03
/** What AWS adds; with this subtype it is the id of a VPC endpoint ("Network Load Balancers", Proxy protocol). */
const AWS = 0xea
const AWS_VPC_ENDPOINT = 0x01
const ENDPOINT_ID = /^vpce-(?:[0-9a-f]{8}|[0-9a-f]{17})$/

/**
 * Reads a header of the PROXY protocol, version 2 (haproxy's `proxy-protocol.txt`, section 2.2), from the first bytes of a
 * connection. It reads strictly, since what is read decides who is asking: anything that could be read in two ways is refused.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const begun = Math.min(bytes.length, SIGNATURE.length)
  if (!bytes.subarray(0, begun).equals(SIGNATURE.subarray(0, begun))) return refused('no-header')
  if (bytes.length < FIXED_BYTES) return { is: 'partial' }
  const command = bytes.readUInt8(12)
  if (command !== LOCAL && command !== PROXY) return refused('version')
  const length = FIXED_BYTES + bytes.readUInt16BE(14)
  if (length > LONGEST_HEADER_BYTES) return refused('too-long')
  if (bytes.length < length) return { is: 'partial' }
  // Whatever else it holds says nothing (2.2, "LOCAL").
  if (command === LOCAL) return { is: 'local', length }

  const transport = bytes.readUInt8(13)
  const addressBytes = ADDRESS_BYTES[transport]
  if (addressBytes === undefined) return refused('transport')
  const header = bytes.subarray(0, length)
  if (length < FIXED_BYTES + addressBytes) return refused('malformed')
  const extras = readExtras(header, FIXED_BYTES + addressBytes)
  if (!extras) return refused('malformed')
  if (!isAsItWasSent(header, extras)) return refused('checksum')
  const endpointId = endpointOf(extras)
  if (endpointId === undefined) return refused('endpoint')
  return { is: 'proxied', length, address: addressOf(header, transport), endpointId }
}

type Extra = { type: number; at: number; value: Buffer }

/** The TLVs (2.2.1 and following); undefined where one does not fit. */
function readExtras(header: Buffer, from: number): Extra[] | undefined {
  const extras: Extra[] = []
  for (let at = from; at < header.length; ) {
    if (at + 3 > header.length) return undefined
    const end = at + 3 + header.readUInt16BE(at + 1)
    if (end > header.length) return undefined
    extras.push({ type: header.readUInt8(at), at: at + 3, value: header.subarray(at + 3, end) })
    at = end
  }
  return extras
}

/** The checksum is over the whole header with zeros in its own place (2.2.3). */
function isAsItWasSent(header: Buffer, extras: readonly Extra[]): boolean {
  const [checksum, another] = extras.filter(({ type }) => type === CRC32C)
  if (!checksum) return true
  if (another || checksum.value.length !== 4) return false
  const blank = Buffer.from(header).fill(0, checksum.at, checksum.at + 4)
  return crc32c(blank) === checksum.value.readUInt32BE(0)
}

/** Null: none is named. Undefined: what is named is none, or they are two. */
function endpointOf(extras: readonly Extra[]): string | null | undefined {
  const named = extras.filter(({ type, value }) => type === AWS && value[0] === AWS_VPC_ENDPOINT)
  const [first, another] = named.map(({ value }) => value.toString('latin1', 1))
  if (first === undefined) return null
  return another === undefined && ENDPOINT_ID.test(first) ? first : undefined
}

function addressOf(header: Buffer, transport: number): string | null {
  if (transport === TCP4) return header.subarray(FIXED_BYTES, FIXED_BYTES + 4).join('.')
  if (transport !== TCP6) return null
  const groups = Array.from({ length: 8 }, (_, at) => header.readUInt16BE(FIXED_BYTES + 2 * at).toString(16))
  // In the one spelling that there is (WHATWG URL, "IPv6 serializer").
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

function refused(because: HeaderProblem): ProxyHeader {
  return { is: 'refused', because }
}
