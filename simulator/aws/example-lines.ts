import { sharedPolicy } from './kms/policy.ts'

/** An account that the program knows, and with what it signs. */
export type Account = { accessKeyId: string; secretAccessKey: string; account: string }

export const SERVICE: Account = {
  accessKeyId: 'AKIASIMULATEDSERVICE',
  secretAccessKey: 'simulated-secret-of-the-service',
  account: '222222222222',
}
export const CUSTOMER: Account = {
  accessKeyId: 'AKIASIMULATEDCUSTOMER',
  secretAccessKey: 'simulated-secret-of-the-customer',
  account: '111111111111',
}
/** What the service does with the key of a customer. */
const RIGHTS = ['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt']
export const REGIONS = ['us-east-1', 'eu-west-1'] as const

/** The load balancer of the service in a region. */
export function nlbIn(region: string): string {
  return `arn:aws:elasticloadbalancing:${region}:${SERVICE.account}:loadbalancer/net/pool/0123456789abcdef`
}

/** What a person reads who started the program: the settings of the service, and lines that play its customer. */
export function exampleLines(url: string): string {
  const [region] = REGIONS
  const nlbs = REGIONS.map((each) => `${each}=${nlbIn(each)}`).join(';')
  return `AWS KMS and the PrivateLink part of EC2 are simulated at ${url}; nothing is kept when this ends.

The settings of a service there, whose account is ${SERVICE.account}:
  AWS_ENDPOINT_URL=${url}
  AWS_ACCESS_KEY_ID=${SERVICE.accessKeyId}
  AWS_SECRET_ACCESS_KEY=${SERVICE.secretAccessKey}
  AWS_ACCOUNT_ID=${SERVICE.account}
  PRIVATELINK_NLBS=${nlbs}

To be its customer, whose account is ${CUSTOMER.account}:
  export AWS_ENDPOINT_URL=${url} AWS_DEFAULT_REGION=${region}
  export AWS_ACCESS_KEY_ID=${CUSTOMER.accessKeyId} AWS_SECRET_ACCESS_KEY=${CUSTOMER.secretAccessKey}
  aws kms create-key --policy '${JSON.stringify(sharedPolicy(CUSTOMER.account, SERVICE.account, RIGHTS))}'
  aws kms disable-key --key-id KEY_ID
  aws kms enable-key --key-id KEY_ID
  aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id vpc-0123456789abcdef0 --service-name SERVICE_NAME
  aws ec2 describe-vpc-endpoints
  aws ec2 delete-vpc-endpoints --vpc-endpoint-ids ENDPOINT_ID
`
}
