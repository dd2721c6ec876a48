import { createFakeEc2, type Ec2Options, type FakeEc2 } from '../../simulator/aws/ec2/create-ec2.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { CUSTOMER_ACCOUNT, PARTNER, PARTNER_ACCOUNT, REGION } from './fake-kms.ts'

export const CUSTOMER = {
  accessKeyId: 'AKIACUSTOMER',
  secretAccessKey: 'customer-secret',
  account: CUSTOMER_ACCOUNT,
  identity: 'user/abc.xyz',
}
/** Another customer, whom nobody allowed anything. */
export const STRANGER = {
  accessKeyId: 'AKIASTRANGER',
  secretAccessKey: 'stranger-secret',
  account: '333333333333',
}
export const VPC = 'vpc-0123456789abcdef0'

export type StartedEc2 = { ec2: FakeEc2; url: string; partner: typeof PARTNER }

/** The ARN of a network load balancer of the partner. */
export function nlbArn(name = 'pool', region = REGION): string {
  return `arn:aws:elasticloadbalancing:${region}:${PARTNER_ACCOUNT}:loadbalancer/net/${name}/0123456789abcdef`
}

/** The PrivateLink part of AWS EC2, simulated on a free port, with `nlbArn()`; whoever starts it closes it. */
export async function startFakeEc2(now: () => Date, other: Partial<Ec2Options> = {}): Promise<StartedEc2> {
  // A copy for each: a test may let it expire.
  const partner = { ...PARTNER }
  const ec2 = createFakeEc2({
    now,
    random: seededBytes('ec2'),
    credentials: [partner, CUSTOMER, STRANGER],
    nlbs: [nlbArn(), nlbArn('second'), nlbArn('pool', 'eu-west-1')],
    ...other,
  })
  const { url } = await ec2.listen()
  return { ec2, url, partner }
}
