import { type PrivateLinkSettings, parseNlbs } from '../../src/domain/private-link-settings.ts'

export const LINK_REGION = 'us-east-1'
export const NLB =
  'arn:aws:elasticloadbalancing:us-east-1:444455556666:loadbalancer/net/securekey/0123456789abcdef'
/** `PRIVATELINK_NLBS` of a service that offers private links in one region. */
export const NLBS = `${LINK_REGION}=${NLB}`

/** The settings of such a service. */
export function linkSettings(): PrivateLinkSettings {
  return { nlbs: parseNlbs(NLBS), dnsName: undefined }
}
