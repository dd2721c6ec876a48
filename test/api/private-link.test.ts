import { expect, test } from 'vitest'
import { endSessions } from '../../src/flows/dashboard/sessions.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { LINKS_ON, SERVICE_NAME, setLink } from '../http/support/private-link.ts'
import { kindsOf } from '../support/resource.ts'
import { type ApiAnswer, startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'

const problem = ({ status, body }: ApiAnswer) => [status, String(body.type).split(':').at(-1)]
const ACCOUNTS = '/privatelink/allowed-accounts'
const allowed = (...accounts: string[]) => ({ body: { allowed_accounts: accounts } })

async function startWithPerson(plan = 'private-fortnightly') {
  const h = await startApi({ plan, env: LINKS_ON })
  const { token } = await signedOnByCommandLine(h)
  return { ...h, call: h.caller(token) }
}

test('a person creates, sees, opens, closes and destroys a private link', async () => {
  const h = await startWithPerson()
  expect(problem(await h.call('GET', '/privatelink'))).toEqual([404, 'not-found'])
  const made = await h.call('POST', '/privatelink', allowed('123456789101'))
  expect(made.body).toEqual({
    addon: { name: h.addon.name },
    app: { name: null },
    service_name: null,
    status: 'Provisioning',
    allowed_accounts: [{ arn: 'arn:aws:iam::123456789101:root', status: 'Adding' }],
    connections: [],
  })
  expect((await h.call('GET', '/privatelink')).body).toEqual(made.body)
  expect(problem(await h.call('POST', '/privatelink', allowed('111122223333')))).toEqual([
    409,
    'private-link-exists',
  ])
  await setLink(h, { status: 'Operational', service_name: SERVICE_NAME })
  const endpoint = { resource_id: h.addon.id, endpoint_id: 'vpce-01c87ae3c05563935', account: '123456789101' }
  await h.deps.db
    .insertInto('private_link_connections')
    .values({ ...endpoint, state: 'available' })
    .execute()
  const added = await h.call('PUT', ACCOUNTS, allowed('123456789101:user/a', '123456789101:user/a'))
  expect(added.body).toMatchObject({
    status: 'Operational',
    service_name: SERVICE_NAME,
    allowed_accounts: [
      { arn: 'arn:aws:iam::123456789101:root', status: 'Adding' },
      { arn: 'arn:aws:iam::123456789101:user/a', status: 'Adding' },
    ],
    connections: [
      {
        endpoint_id: 'vpce-01c87ae3c05563935',
        owner_arn: 'arn:aws:iam::123456789101:root',
        status: 'Available',
        config_var: null,
      },
    ],
  })
  const removed = await h.call('PATCH', ACCOUNTS, allowed('123456789101:user/a'))
  expect(removed.body.allowed_accounts).toContainEqual({
    arn: 'arn:aws:iam::123456789101:user/a',
    status: 'Removing',
  })
  expect((await h.call('DELETE', '/privatelink')).body).toMatchObject({ status: 'Deprovisioning' })
  expect(problem(await h.call('PUT', ACCOUNTS, allowed('123456789101')))).toEqual([409, 'private-link-going'])
})

test('refusals say what is wrong: the accounts, the plan, a link that is not there, one that failed', async () => {
  const h = await startWithPerson()
  const refused = await h.call('POST', '/privatelink', allowed('*'))
  expect(problem(refused)).toEqual([422, 'invalid-option'])
  expect(refused.body.detail).toContain('“*” would let in everybody')
  expect(problem(await h.call('POST', '/privatelink', { body: {} }))).toEqual([400, 'malformed-request'])
  expect(problem(await h.call('POST', '/privatelink', { body: { ...allowed('1').body, more: 1 } }))).toEqual([
    400,
    'malformed-request',
  ])
  expect(problem(await h.call('DELETE', '/privatelink'))).toEqual([404, 'not-found'])
  await h.call('POST', '/privatelink', allowed('123456789101'))
  await setLink(h, { status: 'Failed', failure: 'AWS took none of it.' })
  for (const [method, body] of [
    ['GET', {}],
    ['POST', allowed('123456789101')],
  ] as const) {
    const answer = await h.call(method, '/privatelink', body)
    expect(problem(answer)).toEqual([409, 'private-link-failed'])
    expect(answer.body.detail).toBe('AWS took none of it.')
  }
  const plain = await startWithPerson('fortnightly')
  expect(problem(await plain.call('POST', '/privatelink', allowed('123456789101')))).toEqual([
    422,
    'no-private-link',
  ])
})

test('no API token changes it; one that may look sees it', async () => {
  const h = await startWithPerson()
  await h.call('POST', '/privatelink', allowed('123456789101'))
  const call = await h.callerWith('read', 'rotate', 'revoke', 'keyring')
  for (const [method, path] of [
    ['POST', '/privatelink'],
    ['DELETE', '/privatelink'],
    ['PUT', ACCOUNTS],
    ['PATCH', ACCOUNTS],
  ] as const) {
    const more = method === 'DELETE' ? {} : allowed('111122223333')
    expect(problem(await call(method, path, more)), method).toEqual([403, 'person-required'])
  }
  expect((await call('GET', '/privatelink')).body).toMatchObject({ status: 'Provisioning' })
  const rotating = await h.callerWith('rotate')
  expect(problem(await rotating('GET', '/privatelink'))).toEqual([403, 'scope-missing'])
})

test('a person whose session ends meanwhile changes nothing', async () => {
  const h = await startWithPerson()
  const before = await kindsOf(h.deps, h.addon.id)
  const held = await holdKeyset(h.deps.db, h.addon.id)
  const ending = endSessions(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  await untilSomeWait(h.deps.db, 1)
  const asked = h.call('POST', '/privatelink', allowed('123456789101'))
  await untilSomeWait(h.deps.db, 2)
  held.release()
  await ending
  expect(problem(await asked)).toEqual([401, 'unauthenticated'])
  expect(await kindsOf(h.deps, h.addon.id)).toEqual([...before, 'sessions-ended'])
})
