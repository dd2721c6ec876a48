/**
 * The network that an address is in: the /24 of an IPv4 address, the /48 of an IPv6 address. These are the smallest
 * networks that the internet routes, so somebody who only gets another address from his provider mostly stays where he was.
 * An IPv4 address that is written as IPv6 is the IPv4 address. Of what came through a VPC endpoint it is that endpoint. Null for
 * what is no address.
 */
export function networkOf(address: string | null): string | null {
  if (address === null) return null
  const [endpoint] = ENDPOINT.exec(address) ?? []
  if (endpoint !== undefined) return endpoint
  if (!address.includes(':')) return ofFour(address)
  const groups = groupsOf(address)
  if (!groups) return null
  const [a = 0, b = 0, c = 0] = groups
  if (isMapped(groups)) {
    const [high = 0, low = 0] = groups.slice(6)
    return `${high >> 8}.${high & 255}.${low >> 8}.0/24`
  }
  return `${new URL(`http://[${[a, b, c].map((group) => group.toString(16)).join(':')}::]`).hostname.slice(1, -1)}/48`
}

const ENDPOINT = /endpoint vpce-[0-9a-f]{8,17}$/

/**
 * An address within a network of a customer's, and the VPC endpoint by which it came from there. Many such networks have the
 * same addresses, so that the endpoint tells more of where somebody is than the address: it is his network.
 */
export function throughEndpoint(address: string | null, endpointId: string): string {
  return address === null ? `endpoint ${endpointId}` : `${address} through endpoint ${endpointId}`
}

function ofFour(address: string): string | null {
  const parts = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(address)?.slice(1).map(Number)
  if (!parts || parts.some((part) => part > 255)) return null
  return `${parts.slice(0, 3).join('.')}.0/24`
}

/** The eight groups of an IPv6 address, in whichever of its spellings it came. */
function groupsOf(address: string): number[] | undefined {
  const url = `http://[${address}]`
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(url)) return undefined
  // Written by one rule from here on (WHATWG URL, "IPv6 serializer"): hex groups, and at most one `::`.
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::')
  const before = readGroups(head)
  if (tail === undefined) return before
  const after = readGroups(tail)
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function readGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

/** `::ffff:192.0.2.1` */
function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
}
