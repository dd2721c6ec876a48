import { CreateVpcEndpointCommand, DeleteVpcEndpointsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import type { Ec2Options } from '../../simulator/aws/ec2/create-ec2.ts'
import { type PrivateLinkSettings, parseNlbs } from '../../src/domain/private-link-settings.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createPrivateLink } from '../../src/flows/private-link/create-link.ts'
import { readPrivateLink } from '../../src/flows/private-link/link-view.ts'
import { claimDueLinks, lookAtLink } from '../../src/flows/private-link/look-at-links.ts'
import { ANN } from '../api/support/token.ts'
import { CUSTOMER, nlbArn, type StartedEc2, startFakeEc2, VPC } from './fake-ec2.ts'
import { kmsEnvironment, REGION } from './fake-kms.ts'
import { type Harness, SECOND, startHarness } from './harness.ts'
import { kindsOf } from './resource.ts'

export const NLB = nlbArn()
/** `PRIVATELINK_NLBS` of a service that offers private links in one region. */
export const NLBS = `${REGION}=${NLB},${nlbArn('second')}`
export const ROOT = `arn:aws:iam::${CUSTOMER.account}:root`

/** The settings of such a service. */
export function linkSettings(): PrivateLinkSettings {
  return { nlbs: parseNlbs(NLBS), dnsName: undefined }
}

/** The environment of one whose AWS is at this address. */
export function linkEnvironment(url: string): Record<string, string> {
  return { ...kmsEnvironment(url), PRIVATELINK_NLBS: NLBS }
}

/** A service with such an AWS, both by one clock, and a Heroku that takes the config vars of endpoints. */
export async function startWithLinks({
  whenFinished,
  ...ofAws
}: Partial<Ec2Options> & { whenFinished: (end: () => Promise<void>) => void }): Promise<{
  h: Harness
  aws: StartedEc2
}> {
  let now = () => new Date('2026-03-03T12:00:00Z')
  const aws = await startFakeEc2(() => now(), ofAws)
  const env = linkEnvironment(aws.url)
  const h = await startHarness({ env, simulator: { undeclaredVars: 'taken' }, whenFinished })
  whenFinished(() => aws.ec2.close())
  now = h.clock.now
  return { h, aws }
}

/** An add-on on an app of its own, on a plan for a space; its grant is exchanged. */
export async function addonInSpace({ heroku, deps }: Harness, app: string): Promise<string> {
  await heroku.customer.createApp(app)
  const { id } = await heroku.customer.createAddon({ app, plan: 'private-fortnightly' })
  await expect.poll(() => kindsOf(deps, id)).toContain('grant-exchanged')
  return id
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
