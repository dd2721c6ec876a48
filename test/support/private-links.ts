import { CreateVpcEndpointCommand, DeleteVpcEndpointsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { type PrivateLinkSettings, parseNlbs } from '../../src/domain/private-link-settings.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createPrivateLink } from '../../src/flows/private-link/create-link.ts'
import { readPrivateLink } from '../../src/flows/private-link/link-view.ts'
import { claimDueLinks, lookAtLink } from '../../src/flows/private-link/look-at-links.ts'
import { CUSTOMER, nlbArn, VPC } from './fake-ec2.ts'
import { kmsEnvironment, REGION } from './fake-kms.ts'
import { type Harness, SECOND } from './harness.ts'

export const LINK_REGION = REGION
export const NLB = nlbArn()
/** `PRIVATELINK_NLBS` of a service that offers private links in one region. */
export const NLBS = `${REGION}=${NLB},${nlbArn('second')}`
export const ROOT = `arn:aws:iam::${CUSTOMER.account}:root`
export const ANN = {
  type: 'person',
  userId: 'u',
  email: 'ann@example.com',
  verified: true,
  address: null,
} as const

/** The settings of such a service. */
export function linkSettings(): PrivateLinkSettings {
  return { nlbs: parseNlbs(NLBS), dnsName: undefined }
}

/** The environment of one whose AWS is at this address. */
export function linkEnvironment(url: string): Record<string, string> {
  return { ...kmsEnvironment(url), PRIVATELINK_NLBS: NLBS }
}

/** Puts an add-on on a plan for a space. */
export async function putInSpace({ deps }: Pick<Harness, 'deps'>, resourceId: string): Promise<void> {
  await deps.db
    .updateTable('resources')
    .set({ plan: 'private-fortnightly' })
    .where('id', '=', resourceId)
    .execute()
}

type Looking = Pick<Harness, 'deps' | 'clock'>

/** Looks at whatever links are due, as a worker does after a tick. */
export async function lookOnce(deps: Deps): Promise<void> {
  const { endpointServices } = deps
  if (!endpointServices) throw new Error('there is no access to AWS')
  for (const claimed of await claimDueLinks(deps, 10)) await lookAtLink(deps, endpointServices, claimed)
}

/** So many seconds pass, with a look every ten. */
export async function pass(h: Looking, seconds: number, deps: Deps = h.deps): Promise<void> {
  await lookOnce(deps)
  for (let passed = 0; passed < seconds; passed += 10) {
    h.clock.advance(10 * SECOND)
    await lookOnce(deps)
  }
}

/** A link that is operational; returns the name of its service. */
export async function operationalLink(
  h: Looking,
  resourceId: string,
  accounts: readonly string[] = [CUSTOMER.account],
): Promise<string> {
  expect(await createPrivateLink(h.deps, { resourceId, accounts, actor: ANN })).toMatchObject({
    outcome: 'done',
  })
  await pass(h, 30)
  const view = await readPrivateLink(h.deps, resourceId)
  expect(view?.status).toBe('Operational')
  return view?.serviceName ?? ''
}

/** Somebody's own access to AWS: makes endpoints at services, and deletes them. */
export function createAwsCustomer(
  url: string,
  credentials: { accessKeyId: string; secretAccessKey: string },
) {
  const client = new EC2Client({ endpoint: url, region: REGION, credentials, maxAttempts: 1 })
  return {
    async createEndpoint(serviceName: string): Promise<string> {
      const { VpcEndpoint } = await client.send(
        new CreateVpcEndpointCommand({ VpcId: VPC, VpcEndpointType: 'Interface', ServiceName: serviceName }),
      )
      return VpcEndpoint?.VpcEndpointId ?? ''
    },
    async deleteEndpoint(id: string): Promise<void> {
      await client.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }))
    },
    close: () => client.destroy(),
  }
}
