import { expect, test } from 'vitest'
import { readPrivateLink } from '../../../clients/heroku-cli/src/answers/private-link.ts'
import { ofDestroying, ofRemoving } from '../../../clients/heroku-cli/src/private-link/consequence.ts'
import { lookUnlessFailed } from '../../../clients/heroku-cli/src/private-link/look.ts'
import { waitUntilOperational } from '../../../clients/heroku-cli/src/private-link/wait-until-operational.ts'
import { ProblemError } from '../../../clients/heroku-cli/src/service/problem.ts'
import { nextStep } from '../../../clients/heroku-cli/src/shown/private-link.ts'
import { looks } from './support/looks.ts'
import { stillSurroundings } from './support/still-surroundings.ts'

const ANN = 'arn:aws:iam::123456789101:user/ann'
const BUILD = 'arn:aws:iam::123456789101:role/build'
const OTHER = 'arn:aws:iam::999999999999:root'
const ENDPOINT = 'vpce-01c87ae3c05563935'

function answer(more: object = {}) {
  return {
    service_name: 'com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b',
    status: 'Operational',
    allowed_accounts: [ANN, BUILD, OTHER].map((arn) => ({ arn, status: 'Active' })),
    connections: [
      {
        endpoint_id: ENDPOINT,
        owner_arn: 'arn:aws:iam::123456789101:root',
        status: 'Available',
        config_var: 'SECURE_ENDPOINT_01C87AE3C05563935_URL',
      },
      { endpoint_id: 'vpce-02', owner_arn: OTHER, status: 'Rejected', config_var: null },
    ],
    ...more,
  }
}

const link = readPrivateLink(answer())

test('destroying says which connections it cuts, and which config vars go', () => {
  const said = ofDestroying(link, 'securekey-round-1').join(' ')
  expect(said).toContain('A new one has another service name')
  expect(said).toContain(`${ENDPOINT} is rejected`)
  expect(said).toContain('SECURE_ENDPOINT_01C87AE3C05563935_URL is unset')
  expect(said).not.toContain('vpce-02')
  expect(ofDestroying({ ...link, connections: [] }, 'a')).toHaveLength(1)
})

test('an account keeps its connections as long as one entry of it is left, in whichever form the others are named', () => {
  expect(ofRemoving(link, ['123456789101:user/ann'])).toEqual([])
  expect(ofRemoving(link, ['123456789101', '123456789101:user/ann'])).toEqual([])
  const said = ofRemoving(link, ['123456789101:user/ann', BUILD])
  expect(said[0]).toContain(`${ENDPOINT} is rejected`)
  // Of this account no live connection is there, by any of its names.
  for (const name of ['999999999999', '999999999999:root', OTHER])
    expect(ofRemoving(link, [name])).toEqual([])
  const roots = readPrivateLink(answer({ allowed_accounts: [{ arn: OTHER, status: 'Active' }] }))
  const live = { ...roots, connections: roots.connections.map((each) => ({ ...each, status: 'Available' })) }
  for (const name of ['999999999999', '999999999999:root', OTHER]) {
    expect(ofRemoving(live, [name])[0], name).toContain('vpce-02 are rejected')
  }
  expect(ofRemoving(live, ['99999999999', ''])[0]).not.toContain('vpce-02')
})

test('an endpoint that has failed can be destroyed and closed all the same, and any other refusal is one', async () => {
  const failed = looks(new ProblemError('private-link-failed', 409, 'It failed.'))
  expect(await lookUnlessFailed(failed)).toBeUndefined()
  expect(ofDestroying(undefined, 'securekey-round-1').join(' ')).toContain(
    'Whatever is connected to it is rejected',
  )
  expect(ofRemoving(undefined, [ANN]).join(' ')).toContain('are rejected')
  expect(await lookUnlessFailed(looks(answer()))).toEqual(link)
  const none = looks(new ProblemError('not-found', 404, 'There is none.'))
  await expect(lookUnlessFailed(none)).rejects.toThrow('There is none.')
})

test('the next step names the service and its region', () => {
  const said = nextStep(link).join('\n')
  expect(said).toContain('--region eu-west-1 --service-name com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b')
})

async function wait(...answers: (object | Error)[]) {
  const surroundings = stillSurroundings()
  const told: string[] = []
  const waiting = { timeoutMs: 60_000, intervalMs: 5_000, tell: (words: string) => void told.push(words) }
  const result = await waitUntilOperational(looks(...answers), waiting, surroundings).catch(String)
  return { result, told, slept: surroundings.slept.length }
}

const PROVISIONING = answer({ service_name: null, status: 'Provisioning', connections: [] })

test('wait ends when the endpoint is operational', async () => {
  const { result, told, slept } = await wait(
    PROVISIONING,
    new Error('cannot be reached'),
    PROVISIONING,
    answer(),
  )
  expect(result).toMatchObject({ serviceName: 'com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b' })
  expect([told, slept]).toEqual([['it is provisioning'], 3])
})

test('wait ends at its limit, with a failed or missing endpoint, and with one that is destroyed', async () => {
  expect(await wait(PROVISIONING)).toMatchObject({
    result: 'Error: The time is over, and this is still so: it is provisioning.',
    slept: 12,
  })
  const failed = new ProblemError('private-link-failed', 409, 'It failed.')
  expect(await wait(PROVISIONING, failed)).toMatchObject({ result: 'Error: It failed.', slept: 1 })
  const missing = new ProblemError('private-link-missing', 404, 'There is none.')
  expect(await wait(missing)).toMatchObject({ result: 'Error: There is none.', slept: 0 })
  const ending = await wait(answer({ status: 'Deprovisioning' }))
  expect(ending).toMatchObject({ result: expect.stringContaining('is deprovisioning'), slept: 0 })
})
