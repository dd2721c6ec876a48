import type { PrivateLinkView } from '../../../flows/private-link/link-view.ts'

const SAYS: Readonly<Record<PrivateLinkView['status'], string>> = {
  Provisioning: 'It is being made, which takes five to ten minutes. Load this page again to see.',
  Operational: 'An allowed account may make a VPC endpoint for this service name, in the same region.',
  Deprovisioning:
    'It is being taken away. When AWS has nothing left of it, a few minutes from now, another can be created.',
  Failed: 'It cannot be used. You can destroy it at any time; another one has another service name.',
}
const BADGES: Readonly<Record<PrivateLinkView['status'], string>> = {
  Provisioning: 'state-open',
  Operational: 'state-done',
  Deprovisioning: 'state-open',
  Failed: 'state-stuck',
}

/** A private link as its page shows it. */
export function privateLinkModel(link: PrivateLinkView) {
  const { serviceName, status, failure, accounts, connections } = link
  return {
    serviceName,
    command: status === 'Operational' && serviceName !== null ? endpointCommand(serviceName) : null,
    status,
    badge: BADGES[status],
    says: SAYS[status],
    failure,
    going: status === 'Deprovisioning',
    accounts: accounts.map((account) => ({ ...account, removable: account.status !== 'Removing' })),
    connections,
  }
}

/** What its customer types to make an endpoint, in the region that the service name holds. */
function endpointCommand(serviceName: string): string {
  const [, region] = /^com\.amazonaws\.vpce\.([a-z0-9-]+)\./.exec(serviceName) ?? []
  return [
    'aws ec2 create-vpc-endpoint',
    '--vpc-endpoint-type Interface',
    ...(region === undefined ? [] : [`--region ${region}`]),
    `--service-name ${serviceName}`,
    '--vpc-id VPC --subnet-ids SUBNET',
    '--security-group-ids GROUP',
  ].join(' \\\n  ')
}

/** Accounts as somebody types them: one a line, or with blanks or commas between them. */
export function typedAccounts(text: string): string[] {
  return text.split(/[\s,;]+/).filter((each) => each !== '')
}
