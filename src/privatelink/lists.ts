import type {
  AllowedPrincipal,
  EC2Client,
  Filter,
  ServiceConfiguration,
  VpcEndpointConnection,
} from '@aws-sdk/client-ec2'
import { allPages } from './all-pages.ts'
import { endpointFailureOf } from './classify.ts'
import { RESOURCE_TAG } from './read-facts.ts'

export type Sdk = typeof import('@aws-sdk/client-ec2')

/** What a call works with. */
export type At = { sdk: Sdk; client: EC2Client; options: { abortSignal: AbortSignal } }

/** As many as AWS gives at once. */
const A_PAGE = 1_000

/** Services by the tag of an add-on, or more than those. */
export async function servicesByTag(at: At, resourceId: string): Promise<ServiceConfiguration[]> {
  const filter = { Name: `tag:${RESOURCE_TAG}`, Values: [resourceId] }
  return await withOrWithoutFilter(filter, (Filters) => services(at, { ...Filters, MaxResults: A_PAGE }))
}

/** The service of an id, or nothing. */
export async function servicesById(at: At, serviceId: string): Promise<ServiceConfiguration[]> {
  try {
    return await services(at, { ServiceIds: [serviceId] })
  } catch (error) {
    if (endpointFailureOf(error).kind === 'missing') return []
    throw error
  }
}

/** The endpoints at a service, or more than those. */
export async function connectionsAt(at: At, serviceId: string): Promise<VpcEndpointConnection[]> {
  const { sdk, client, options } = at
  return await withOrWithoutFilter({ Name: 'service-id', Values: [serviceId] }, (Filters) =>
    allPages(async (NextToken) => {
      const input = { ...Filters, MaxResults: A_PAGE, ...(NextToken && { NextToken }) }
      const page = await client.send(new sdk.DescribeVpcEndpointConnectionsCommand(input), options)
      return { items: page.VpcEndpointConnections, nextToken: page.NextToken }
    }),
  )
}

/** Those who may make an endpoint at a service. */
export async function principalsOf(
  { sdk, client, options }: At,
  ServiceId: string,
): Promise<AllowedPrincipal[]> {
  return await allPages(async (NextToken) => {
    const input = { ServiceId, MaxResults: A_PAGE, ...(NextToken && { NextToken }) }
    const page = await client.send(new sdk.DescribeVpcEndpointServicePermissionsCommand(input), options)
    return { items: page.AllowedPrincipals, nextToken: page.NextToken }
  })
}

async function services(
  { sdk, client, options }: At,
  asked: { ServiceIds?: string[]; Filters?: Filter[]; MaxResults?: number },
): Promise<ServiceConfiguration[]> {
  return await allPages(async (NextToken) => {
    const input = { ...asked, ...(NextToken && { NextToken }) }
    const page = await client.send(new sdk.DescribeVpcEndpointServiceConfigurationsCommand(input), options)
    return { items: page.ServiceConfigurations, nextToken: page.NextToken }
  })
}

/** Who plays AWS and does not know a filter is asked without one: whoever reads the list looks at each entry again. */
async function withOrWithoutFilter<T>(
  filter: Filter,
  list: (asked: { Filters?: Filter[] }) => Promise<T[]>,
): Promise<T[]> {
  try {
    return await list({ Filters: [filter] })
  } catch (error) {
    if (endpointFailureOf(error).kind !== 'invalid') throw error
    return await list({})
  }
}
