import { isAwsRegion, partitionOf } from './aws-region.ts'

/** What private links need beside access to AWS: load balancers by region, and the name that is told in place of AWS's. */
export type PrivateLinkSettings = {
  nlbs: ReadonlyMap<string, readonly string[]>
  dnsName: string | undefined
}

const NLB =
  /^arn:(aws|aws-us-gov|aws-cn):elasticloadbalancing:([a-z0-9-]+):[0-9]{12}:loadbalancer\/net\/[A-Za-z0-9-]{1,32}\/[0-9a-f]{16}$/
const EXAMPLE =
  'us-east-1=arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/securekey/0123456789abcdef'

/** Reads `PRIVATELINK_NLBS`. Throws with what is allowed. */
export function parseNlbs(text: string): ReadonlyMap<string, readonly string[]> {
  const pools = new Map<string, string[]>()
  for (const entry of text.split(';').filter((each) => each.trim() !== '')) {
    const at = entry.indexOf('=')
    const region = entry.slice(0, Math.max(0, at)).trim()
    const arns = entry
      .slice(at + 1)
      .split(',')
      .map((arn) => arn.trim())
    if (!isAwsRegion(region) || pools.has(region) || !arns.every((arn) => isNlbOf(region, arn))) {
      throw new Error(
        `must be the ARNs of Network Load Balancers by region, each region once, such as ${EXAMPLE};eu-west-1=…,…`,
      )
    }
    pools.set(region, [...new Set(arns)])
  }
  return pools
}

function isNlbOf(region: string, arn: string): boolean {
  const [, partition, ofRegion] = NLB.exec(arn) ?? []
  return ofRegion === region && partition === partitionOf(region)
}

/** Reads `PRIVATELINK_DNS_NAME`. Throws with what is allowed. */
export function parseDnsName(text: string): string {
  const name = text.toLowerCase()
  if (name.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(name)) return name
  throw new Error('must be a host name, such as keys.example.com')
}

/** Without load balancers there are no private links, whatever else is set. */
export function privateLinkOf(
  nlbs: PrivateLinkSettings['nlbs'] | undefined,
  dnsName: string | undefined,
): PrivateLinkSettings | undefined {
  return nlbs && { nlbs, dnsName }
}
