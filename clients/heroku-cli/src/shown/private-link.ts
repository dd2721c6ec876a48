import type { AllowedAccount, Connection, PrivateLink } from '../answers/private-link.ts'

/** Rows of `securekey:privatelink`. */
export type AccountRow = Readonly<Record<'arn' | 'status', string>>
export type ConnectionRow = Readonly<Record<'endpoint' | 'owner' | 'status' | 'config', string>>

export const ACCOUNT_HEADERS = { arn: 'ARN', status: 'Status' }
export const CONNECTION_HEADERS = {
  endpoint: 'Endpoint ID',
  owner: 'Owner ARN',
  status: 'Status',
  config: 'Config Var',
}

export function accountRow({ arn, status }: AllowedAccount): AccountRow {
  return { arn, status }
}

export function connectionRow({ endpointId, ownerArn, status, configVar }: Connection): ConnectionRow {
  return { endpoint: endpointId, owner: ownerArn, status, config: configVar ?? '' }
}

/** The name and the state, in the words of Heroku's own commands. */
export function linkFacts({ serviceName, status }: PrivateLink): Record<'Service Name' | 'Status', string> {
  return { 'Service Name': serviceName ?? 'Provisioning', Status: status }
}

/** What its customer does next: the command is for his own AWS account, in the region that the service name holds. */
export function nextStep({ serviceName }: PrivateLink): string[] {
  const region = /^com\.amazonaws\.vpce\.([a-z0-9-]+)\./.exec(serviceName ?? '')?.[1]
  return [
    'Your privatelink endpoint is now operational.',
    'You must now copy the Service Name and make a VPC endpoint for it, from an allowed account:',
    `aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface${region ? ` --region ${region}` : ''} --service-name ${serviceName} --vpc-id VPC --subnet-ids SUBNET --security-group-ids GROUP`,
  ]
}
