import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_CLI, sharedCliWorld, unwrapped } from './support/heroku-cli-world.ts'
import { type StandIn, standInPrivateLink } from './support/stand-in-private-link.ts'

/** Each command is a process of a second or two, and of more where others work on the machine. */
const TEST_LIMIT_MS = 300_000
const NAME = 'com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0'
const ACCOUNT = '123456789101'
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const world = sharedCliWorld()
let api: StandIn

beforeAll(async () => {
  if (NO_CLI) return
  api = await standInPrivateLink(world().harness.url)
  world().proxy.leadTo(api.url)
  await world().newAddon('link-1')
})
afterAll(async () => {
  await api?.close()
})

function link(more: object = {}) {
  const body = {
    addon: { name: 'securekey-round-1' },
    app: { name: 'link-1' },
    service_name: NAME,
    status: 'Operational',
    allowed_accounts: [{ arn: ROOT, status: 'Active' }],
    connections: [],
    ...more,
  }
  return { status: 200, body }
}

const PROVISIONING = link({ service_name: null, status: 'Provisioning' })
const CONNECTED = link({
  connections: [
    {
      endpoint_id: 'vpce-01c87ae3c05563935',
      owner_arn: ROOT,
      status: 'Available',
      config_var: 'SECURE_ENDPOINT_01C87AE3C05563935_URL',
    },
  ],
})

function problem(name: string, status: number, detail: string) {
  return { status, body: { type: `urn:securekey:problem:${name}`, title: 'It failed', status, detail } }
}

describe.skipIf(NO_CLI)('heroku securekey:privatelink', { timeout: TEST_LIMIT_MS }, () => {
  test("creates, waits and shows in the words of Heroku's own plugin", async () => {
    const { securekey } = world()
    api.says(PROVISIONING)
    const created = await securekey(
      `privatelink:create -i ${ACCOUNT}:user/ann --aws-account-id ${ACCOUNT} -a link-1`,
    )
    expect(created.code, created.stderr).toBe(0)
    expect(unwrapped(created.stderr)).toContain('Creating privatelink endpoint... done')
    expect(created.stdout).toMatch(/Service Name:\s+Provisioning\nStatus:\s+Provisioning\n/)
    expect(unwrapped(created.stdout)).toMatch(
      /The privatelink endpoint is now being provisioned for \S*securekey\S+\. Use .*securekey:privatelink:wait securekey\S+ --app link-1.* to check the creation process\./,
    )
    expect(api.asked).toEqual([
      { method: 'POST', path: '/v1/privatelink', accounts: [`${ACCOUNT}:user/ann`, ACCOUNT] },
    ])

    const early = await securekey('privatelink -a link-1')
    expect(unwrapped(early.stdout)).toContain('The privatelink endpoint is now being provisioned for')
    api.says(PROVISIONING, PROVISIONING, link())
    const waited = await securekey('privatelink:wait -a link-1 --wait-interval 1')
    expect([waited.code, waited.stdout]).toEqual([0, ''])
    expect(unwrapped(waited.stderr)).toContain('Waiting for the privatelink endpoint to be provisioned')
    expect(api.asked).toHaveLength(3)

    const shown = await securekey('privatelink -a link-1')
    expect(shown.stdout).toMatch(/privatelink endpoint status for .*securekey/)
    expect(shown.stdout).toContain(`Service Name: ${NAME}`)
    expect(unwrapped(shown.stdout)).toMatch(/Allowed Accounts .*ARN Status .*:root Active/)
    expect(unwrapped(shown.stdout)).toContain('Your privatelink endpoint is now operational.')
    expect(unwrapped(shown.stdout)).toContain(`--region us-east-1 --service-name ${NAME}`)
    api.says(CONNECTED)
    const connected = await securekey('privatelink -a link-1')
    expect(unwrapped(connected.stdout)).toMatch(/Connections .*Endpoint ID Owner ARN Status Config Var/)
    expect(connected.stdout).toContain('vpce-01c87ae3c05563935')
    expect(connected.stdout).not.toContain('create-vpc-endpoint')
  })

  test('wait ends with 1 at its limit, and says the reason of an endpoint that failed', async () => {
    const { securekey } = world()
    api.says(PROVISIONING)
    const late = await securekey('privatelink:wait -a link-1 --timeout 1s')
    expect([late.code, unwrapped(late.stderr)]).toEqual([1, expect.stringContaining('The time is over')])
    api.says(PROVISIONING, problem('private-link-failed', 409, 'AWS allows no more endpoint services here'))
    const failed = await securekey('privatelink:wait -a link-1 --wait-interval 1')
    expect([failed.code, unwrapped(failed.stderr)]).toEqual([
      1,
      expect.stringContaining('AWS allows no more endpoint services here'),
    ])
  })

  test('lists, adds and removes accounts, and says what a removal cuts', async () => {
    const { securekey } = world()
    api.says(CONNECTED)
    const listed = await securekey('privatelink:access -a link-1')
    expect(unwrapped(listed.stdout)).toMatch(/ARN Status .*arn:aws:iam::123456789101:root Active/)
    const added = await securekey(`privatelink:access:add -a link-1 -i ${ACCOUNT}:role/build -i ${ACCOUNT}`)
    expect([added.code, unwrapped(added.stderr)]).toEqual([
      0,
      expect.stringContaining('Adding accounts... done'),
    ])
    const removed = await securekey(`privatelink:access:remove -a link-1 -i ${ACCOUNT}`)
    expect(removed.code, removed.stderr).toBe(0)
    expect(unwrapped(removed.stderr)).toContain('vpce-01c87ae3c05563935 is rejected')
    expect(unwrapped(removed.stderr)).toContain('Removing account... done')
    expect(api.asked.filter(({ method }) => method !== 'GET')).toEqual([
      {
        method: 'PUT',
        path: '/v1/privatelink/allowed-accounts',
        accounts: [`${ACCOUNT}:role/build`, ACCOUNT],
      },
      { method: 'PATCH', path: '/v1/privatelink/allowed-accounts', accounts: [ACCOUNT] },
    ])
    api.says(link({ allowed_accounts: [] }))
    expect((await securekey('privatelink:access -a link-1')).stdout).toBe('There are no allowed accounts\n')
    expect((await securekey('privatelink:access:add -a link-1')).code).toBe(2)
  })

  test('destroys once the name of the app is given, and not before', async () => {
    const { securekey } = world()
    api.says(CONNECTED)
    const unconfirmed = await securekey('privatelink:destroy -a link-1')
    expect(unconfirmed.code).toBe(1)
    expect(unwrapped(unconfirmed.stderr)).toContain('SECURE_ENDPOINT_01C87AE3C05563935_URL is unset')
    expect(api.asked.map(({ method }) => method)).toEqual(['GET'])
    const destroyed = await securekey('privatelink:destroy -a link-1 --confirm link-1')
    expect([destroyed.code, destroyed.stdout]).toEqual([0, ''])
    expect(unwrapped(destroyed.stderr)).toContain('Destroying privatelink endpoint... done')
    expect(api.asked.map(({ method }) => method)).toEqual(['GET', 'GET', 'DELETE'])
  })

  test('destroys an endpoint that has failed, as its failure tells to', async () => {
    const { securekey } = world()
    api.says(problem('private-link-failed', 409, 'Destroy it, then create it again.'), link())
    const destroyed = await securekey('privatelink:destroy -a link-1 --confirm link-1')
    expect(destroyed.code, destroyed.stderr).toBe(0)
    expect(api.asked.map(({ method }) => method)).toEqual(['GET', 'DELETE'])
  })
})
