import type { EC2Client } from '@aws-sdk/client-ec2'
import { type AwsAccess, CALL_LIMIT_MS, createRegionalClients } from '../aws/regional-clients.ts'
import type {
  EndpointFailure,
  EndpointResult,
  EndpointServices,
  ServiceFacts,
  ServicePlace,
} from '../domain/aws-endpoint.ts'
import { endpointFailureOf, failureOfCode, isPageForPeople } from './classify.ts'
import { type At, connectionsAt, principalsOf, type Sdk, servicesById, servicesByTag } from './lists.ts'
import {
  bareId,
  connectionFacts,
  isTaggedFor,
  notDone,
  principalArn,
  RESOURCE_TAG,
  serviceFacts,
} from './read-facts.ts'

/** A failure that an answer with status 200 tells of, on its way out of a call. */
class FailureInAnswer extends Error {
  readonly failure: EndpointFailure

  constructor(failure: EndpointFailure) {
    super(failure.detail)
    this.failure = failure
  }
}

/** The endpoint services of AWS, through its SDK: the package is loaded for the first call. */
export function createEndpointServices(settings: AwsAccess & { callLimitMs?: number }): EndpointServices {
  const clients = createRegionalClients<Sdk, EC2Client>(
    settings,
    () => import('@aws-sdk/client-ec2'),
    (sdk, config) => new sdk.EC2Client(config),
  )
  const limitMs = settings.callLimitMs ?? CALL_LIMIT_MS

  async function call<T>(region: string, work: (at: At) => Promise<T>): Promise<EndpointResult<T>> {
    try {
      const found = await clients.of(region)
      const options = { abortSignal: AbortSignal.timeout(limitMs) }
      const value = await work({ ...found, options })
      return { ok: true, value }
    } catch (error) {
      const failure = error instanceof FailureInAnswer ? error.failure : endpointFailureOf(error)
      return { ok: false, failure }
    }
  }

  /** As `call`, for an action that not everybody who plays AWS knows. */
  async function callIfKnown<T>(region: string, work: (at: At) => Promise<T>): Promise<EndpointResult<T>> {
    return await call(region, async (at) => {
      try {
        return await work(at)
      } catch (error) {
        if (settings.endpointUrl === undefined || !isPageForPeople(error)) throw error
        throw new FailureInAnswer({ kind: 'unsupported', detail: 'a page for people (status 500)' })
      }
    })
  }

  const changeConnections =
    (verb: 'AcceptVpcEndpointConnectionsCommand' | 'RejectVpcEndpointConnectionsCommand') =>
    ({ region, serviceId }: ServicePlace, endpointIds: readonly string[]) =>
      callIfKnown(region, async ({ sdk, client, options }) => {
        if (endpointIds.length === 0) return { failed: [] }
        const input = { ServiceId: serviceId, VpcEndpointIds: [...endpointIds] }
        const { Unsuccessful } = await client.send(new sdk[verb](input), options)
        return { failed: notDone(Unsuccessful, endpointIds) }
      })

  return {
    create: ({ region, nlbArn, clientToken, resourceId }) =>
      call(region, async ({ sdk, client, options }) => {
        const Tags = [{ Key: RESOURCE_TAG, Value: resourceId }]
        const { ServiceConfiguration = {} } = await client.send(
          new sdk.CreateVpcEndpointServiceConfigurationCommand({
            AcceptanceRequired: true,
            NetworkLoadBalancerArns: [nlbArn],
            ClientToken: clientToken,
            TagSpecifications: [{ ResourceType: 'vpc-endpoint-service', Tags }],
          }),
          options,
        )
        return serviceFacts(ServiceConfiguration, region) ?? wrongAnswer('an answer without a service')
      }),
    find: ({ region, resourceId, serviceId }) =>
      call(region, async (at) => {
        const tagged = await servicesByTag(at, resourceId)
        const named = serviceId === null ? [] : await servicesById(at, serviceId)
        const found = new Map<string, ServiceFacts>()
        for (const shown of [...tagged, ...named]) {
          const facts = serviceFacts(shown, region)
          if (!facts || facts.state === 'deleted') continue
          // Filters and ids are not minded by everyone who plays AWS.
          if (facts.serviceId !== serviceId && !isTaggedFor(resourceId, shown.Tags)) continue
          found.set(facts.serviceId, facts)
        }
        return [...found.values()]
      }),
    listPrincipals: ({ region, serviceId }) =>
      call(region, async (at) => {
        const shown = await principalsOf(at, serviceId)
        return [...new Set(shown.flatMap(({ Principal }) => principalArn(Principal, region) ?? []))]
      }),
    changePrincipals: ({ region, serviceId }, { add, remove }) =>
      call(region, async ({ sdk, client, options }) => {
        if (add.length + remove.length === 0) return
        const { ReturnValue } = await client.send(
          new sdk.ModifyVpcEndpointServicePermissionsCommand({
            ServiceId: serviceId,
            ...(add.length > 0 && { AddAllowedPrincipals: [...add] }),
            ...(remove.length > 0 && { RemoveAllowedPrincipals: [...remove] }),
          }),
          options,
        )
        if (ReturnValue === false) wrongAnswer('the permissions were not changed')
      }),
    listConnections: ({ region, serviceId }) =>
      callIfKnown(region, async (at) => {
        const shown = await connectionsAt(at, serviceId)
        const found = new Map(
          shown
            // Who names no service has minded the filter; who names another has not.
            .filter(({ ServiceId }) => (bareId(ServiceId, 'vpce-svc') ?? serviceId) === serviceId)
            .flatMap((each) => connectionFacts(each) ?? [])
            .map((facts) => [facts.endpointId, facts]),
        )
        return [...found.values()]
      }),
    accept: changeConnections('AcceptVpcEndpointConnectionsCommand'),
    reject: changeConnections('RejectVpcEndpointConnectionsCommand'),
    remove: ({ region, serviceId }) =>
      call(region, async ({ sdk, client, options }) => {
        const input = { ServiceIds: [serviceId] }
        const { Unsuccessful = [] } = await client.send(
          new sdk.DeleteVpcEndpointServiceConfigurationsCommand(input),
          options,
        )
        const [first] = Unsuccessful
        if (first) throw new FailureInAnswer(failureOfCode(first.Error?.Code ?? ''))
      }),
    close: clients.close,
  }
}

function wrongAnswer(detail: string): never {
  throw new FailureInAnswer({ kind: 'invalid', detail })
}
