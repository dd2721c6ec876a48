import { awsRegionOf } from './aws-region.ts'

/** How a link stands, in Heroku's words. */
export type LinkStatus = 'Provisioning' | 'Operational' | 'Deprovisioning' | 'Failed'
export type LinkAccountStatus = 'Adding' | 'Active' | 'Removing'

/** Where nothing says in which region of AWS an add-on is. */
const DEFAULT_REGION = 'us-east-1'

/** The region in which an add-on's endpoint service is made: that of the add-on. */
export function linkRegion(addonRegion: string | null): string {
  return awsRegionOf(addonRegion) ?? DEFAULT_REGION
}

/**
 * The load balancer behind a new endpoint service: the one that serves the fewest, the first of these. Whether AWS lets one
 * serve several was never tried; if it does not, this is the only place that must know. Undefined: there is none.
 */
export function pickNlb(pool: readonly string[], served: ReadonlyMap<string, number>): string | undefined {
  const [first, ...others] = pool
  if (first === undefined) return undefined
  const count = (arn: string) => served.get(arn) ?? 0
  return others.reduce((best, arn) => (count(arn) < count(best) ? arn : best), first)
}
