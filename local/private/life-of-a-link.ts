import { ADDON } from '../../src/bin/observe.ts'
import { readKeyPair } from '../key-pair.ts'
import { LocalStackError } from '../local-stack-error.ts'
import { SERVICE_1 } from '../scenario.ts'
import { CUSTOMER_ACCOUNT } from './aws.ts'
import type { CommandLine, Said } from './command-line.ts'
import { checkRotationUnderOwnKey } from './life-under-own-key.ts'
import { heldPair, type PrivateLife, tellCustomer } from './private-life.ts'

const MINUTE = 60_000
/** AWS takes five to ten minutes for a service. */
const MOST_MINUTES = 15
const COMMAND = 'heroku securekey:privatelink'
const ROOT = `arn:aws:iam::${CUSTOMER_ACCOUNT}:root`

/** A private link from its creation to its end: an endpoint of the customer gets a config var, and loses it with its access. */
export async function checkPrivateLink(life: PrivateLife, api: CommandLine): Promise<void> {
  const { stack, aws, check } = life
  const accounts = { allowed_accounts: [CUSTOMER_ACCOUNT] }

  tellCustomer(stack, `${COMMAND}:create -a ${SERVICE_1} --aws-account-id ${CUSTOMER_ACCOUNT}`)
  const created = await api.ask('POST', '/privatelink', accounts)
  const isComing = created.body.status === 'Provisioning' && created.body.service_name === null
  check('privatelink: it is provisioning, and has no name yet', created.status === 200 && isComing)
  tellCustomer(stack, `${COMMAND}:wait -a ${SERVICE_1}`)
  const link = await linkThat(life, api, 'is operational', ({ body }) => body.status === 'Operational')
  const name = String(link.body.service_name)
  check('privatelink: AWS has the service of that name', aws.serviceExists(name))
  check(
    'privatelink: the account is allowed, by its full ARN',
    JSON.stringify(link.body.allowed_accounts).includes(ROOT),
  )

  tellCustomer(stack, `aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --service-name ${name}`)
  const endpoint = await aws.createEndpoint(name)
  // Of ids as AWS makes them since 2018: what follows the hyphen.
  const variable = `${ADDON.configVarsPrefix}_ENDPOINT_${endpoint.slice('vpce-'.length).toUpperCase()}_URL`
  const url = () => stack.simulator.view.configVars(SERVICE_1)[variable]
  await linkThat(life, api, 'has a config var', () => url() !== undefined)
  check('privatelink: the endpoint is accepted', aws.endpointState(endpoint) === 'available')
  check(`privatelink: ${variable} leads to it`, /^https:\/\/vpce-[^/]+\/v1$/.test(url() ?? ''))

  const set = url()
  await checkRotationUnderOwnKey(life, 'beside an endpoint', api)
  check('privatelink: a rotation leaves its config var as it is', url() === set)

  tellCustomer(stack, `${COMMAND}:access:remove -a ${SERVICE_1} --aws-account-id ${CUSTOMER_ACCOUNT}`)
  const removed = await api.ask('PATCH', '/privatelink/allowed-accounts', accounts)
  check('privatelink: the access is taken away', removed.status === 200)
  await linkThat(life, api, 'has no config var', () => url() === undefined)
  check('privatelink: its endpoint is rejected', aws.endpointState(endpoint) === 'rejected')

  tellCustomer(stack, `${COMMAND}:destroy -a ${SERVICE_1} --confirm ${SERVICE_1}`)
  const destroyed = await api.ask('DELETE', '/privatelink')
  check('privatelink: it is being destroyed', destroyed.status === 200)
  await linkThat(life, api, 'is gone', ({ status }) => status === 404)
  check('privatelink: AWS has nothing left of it', !aws.serviceExists(name))
  check('privatelink: the app has its pair of keys still', readKeyPair(heldPair(stack)) !== undefined)
}

/** Lets minutes pass until the link is so. */
async function linkThat(
  { stack, time, signal }: PrivateLife,
  api: CommandLine,
  what: string,
  holds: (said: Said) => boolean,
): Promise<Said> {
  for (let minutes = 0; minutes < MOST_MINUTES; minutes += 1) {
    const said = await api.ask('GET', '/privatelink')
    if (holds(said)) {
      if (minutes > 0)
        tellCustomer(stack, `after ${minutes} min for what the service watches, the link ${what}`)
      return said
    }
    await time.pass(MINUTE, signal)
  }
  throw new LocalStackError(`No private link that ${what} was seen within ${MOST_MINUTES} minutes.`)
}
