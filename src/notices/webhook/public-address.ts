import ipaddr from 'ipaddr.js'

/** All global unicast addresses of IPv6 that were ever given out (RFC 4291, section 2.4). */
const GIVEN_OUT = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether an IP address is one of the Internet: in none of the special ranges that `ipaddr.js` lists. An IPv6 address that
 * carries an IPv4 one (mapped, NAT64, 6to4, Teredo) is none, since somebody else would say where that leads.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address)
  if (parsed?.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv4 || parsed.match(GIVEN_OUT)
}

/** Whether an IP address is one of this very machine, in the form that a stack on one machine uses. */
export function isLoopbackAddress(address: string): boolean {
  return parse(address)?.range() === 'loopback'
}

/** Four decimal numbers or IPv6 without a zone: the older forms of IPv4 mean different things to different programs. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address)
  if (address.includes(':') && !address.includes('%') && ipaddr.IPv6.isValid(address)) {
    return ipaddr.IPv6.parse(address)
  }
  return undefined
}
