import { expect, test } from 'vitest'
import { signedOnByCommandLine } from '../api/support/command-line.ts'
import { signedIn } from '../support/browser.ts'
import { kindsOf } from '../support/resource.ts'
import { ANNS_TOKEN, SERVICE_NAME, setLink, startWithPrivateAddon } from './support/private-link.ts'

const ROOT = 'arn:aws:iam::123456789101:root'
const USER = 'arn:aws:iam::123456789101:user/abc.xyz'
const ROLE = 'arn:aws:iam::210987654321:role/Builder'
const ACCOUNTS = '/allowed_accounts'
const allowed = (...accounts: unknown[]) => ({ allowed_accounts: accounts })

test('the requests of Heroku’s plugin, in the order of its story: create, wait, show, access, add, remove, destroy', async () => {
  const h = await startWithPrivateAddon()
  expect(await h.send('GET')).toMatchObject({
    status: 404,
    body: { id: 'not-found', message: 'This add-on has no private link.' },
  })
  const made = await h.send('POST', { body: allowed('123456789101:user/abc.xyz') })
  const provisioning = {
    addon: { name: h.addon.name },
    // Not known before the first rotation.
    app: { name: null },
    service_name: null,
    status: 'Provisioning',
    allowed_accounts: [{ arn: USER, status: 'Adding' }],
    connections: [],
  }
  expect([made.status, made.body]).toEqual([200, provisioning])
  expect((await h.send('GET')).body).toEqual(provisioning)
  // A command that lost its answer says it again.
  expect((await h.send('POST', { body: allowed('123456789101:user/abc.xyz') })).status).toBe(200)
  expect(await h.send('POST', { body: allowed('123456789101') })).toMatchObject({
    status: 409,
    body: { id: 'private-link-exists' },
  })

  await setLink(h, { status: 'Operational', service_name: SERVICE_NAME })
  const shown = await h.send('GET')
  expect(shown.body).toMatchObject({ status: 'Operational', service_name: SERVICE_NAME })
  const added = await h.send('PUT', {
    path: ACCOUNTS,
    body: allowed('210987654321:role/Builder', '123456789101:root'),
  })
  expect([added.status, added.body.allowed_accounts]).toEqual([
    200,
    [ROOT, USER, ROLE].map((arn) => ({ arn, status: 'Adding' })),
  ])
  const removed = await h.send('PATCH', { path: ACCOUNTS, body: allowed('123456789101', '111122223333') })
  expect(removed.status).toBe(200)
  expect(removed.body.allowed_accounts).toContainEqual({ arn: ROOT, status: 'Removing' })
  const destroyed = await h.send('DELETE')
  expect([destroyed.status, destroyed.body.status]).toEqual([200, 'Deprovisioning'])
  expect(await h.send('POST', { body: allowed('123456789101') })).toMatchObject({
    status: 409,
    body: { id: 'private-link-going' },
  })
  expect((await h.send('DELETE')).status).toBe(200)

  const rows = await h.deps.db.selectFrom('history').select(['kind', 'person']).orderBy('seq').execute()
  const ours = rows.filter(({ kind }) => kind.startsWith('privatelink-'))
  expect(ours.map(({ kind }) => kind)).toEqual([
    'privatelink-created',
    'privatelink-accounts-changed',
    'privatelink-accounts-changed',
    'privatelink-destroyed',
  ])
  for (const { person } of ours) {
    expect(person).toMatchObject({ userId: 'ann', email: 'ann@example.com', verified: true })
  }
})

test('a link that has failed is an error with its reason, for Heroku’s `wait` would never end', async () => {
  const h = await startWithPrivateAddon()
  await h.send('POST', { body: allowed('123456789101') })
  await setLink(h, { status: 'Failed', failure: 'AWS took none of it.' })
  expect(await h.send('GET')).toMatchObject({
    status: 409,
    body: {
      id: 'private-link-failed',
      message: 'AWS took none of it.',
    },
  })
  expect((await h.send('POST', { body: allowed('123456789101') })).status).toBe(409)
  expect((await h.send('DELETE')).status).toBe(200)
})

test('what cannot be done is refused in words, and changes nothing', async () => {
  const h = await startWithPrivateAddon()
  const refusals = [
    [allowed('*'), 422, 'invalid-option'],
    [allowed('123456789101:role/a/b'), 422, 'invalid-option'],
    [allowed(), 422, 'invalid-option'],
    [{ allowed_accounts: '123456789101' }, 422, 'invalid-option'],
    [{ allowed_accounts: { length: 1 } }, 422, 'invalid-option'],
    [{}, 422, 'invalid-option'],
    [null, 422, 'invalid-option'],
    ['"x"', 422, 'invalid-option'],
    ['', 422, 'invalid-option'],
    ['{', 400, 'malformed-request'],
    ['{"__proto__":{"allowed_accounts":["123456789101"]}}', 422, 'invalid-option'],
  ] as const
  for (const [body, status, id] of refusals) {
    expect(await h.send('POST', { body }), JSON.stringify(body)).toMatchObject({ status, body: { id } })
  }
  for (const [method, path] of [
    ['DELETE', ''],
    ['PUT', ACCOUNTS],
    ['PATCH', ACCOUNTS],
  ] as const) {
    const answer = await h.send(method, { path, body: allowed('123456789101') })
    expect(answer).toMatchObject({ status: 404, body: { id: 'not-found' } })
  }
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('privatelink-created')
})

test('another plan and another region have none, and say so', async () => {
  const plain = await startWithPrivateAddon({ plan: 'fortnightly' })
  const refused = await plain.send('POST', { body: allowed('123456789101') })
  expect(refused).toMatchObject({ status: 422, body: { id: 'no-private-link' } })
  expect(refused.body.message).toContain('The plan fortnightly has no PrivateLink')
  const off = await startWithPrivateAddon({ env: { PRIVATELINK_NLBS: '' } })
  expect(await off.send('POST', { body: allowed('123456789101') })).toMatchObject({
    status: 422,
    body: { id: 'no-private-link' },
  })
})

test('Heroku is asked anew for each request: who has left the app is refused at once', async () => {
  const h = await startWithPrivateAddon()
  expect((await h.send('POST', { body: allowed('123456789101') })).status).toBe(200)
  await h.heroku.customer.removeCollaborator('service-1', ANNS_TOKEN)
  expect((await h.send('GET')).status).toBe(404)
  expect((await h.send('DELETE')).status).toBe(404)
})

test('fifty accounts with the longest names that AWS gives fit into each request and into the form, and no more', async () => {
  const h = await startWithPrivateAddon()
  const { token } = await signedOnByCommandLine(h)
  // Another second, so another form.
  h.clock.advance(1_000)
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  // A form needs three bytes for each of these signs.
  const [most, many] = [50, 51].map((count) =>
    Array.from({ length: count }, (_, at) => `arn:aws:iam::123456789101:role/${'='.repeat(62)}${at + 10}`),
  )
  const byApi = async (accounts: string[] = []) => {
    const response = await fetch(`${h.url}/v1/privatelink`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(allowed(...accounts)),
    })
    return response.status
  }
  const byForm = async (accounts: string[] = []) =>
    await ann.post(`${ann.base}/privatelink/add`, {
      form_token: await ann.token(),
      accounts: accounts.join('\r\n'),
    })
  expect((await h.send('POST', { body: allowed(...(most ?? [])) })).status).toBe(200)
  expect(await byApi(most)).toBe(200)
  expect((await byForm(most)).status).toBe(303)

  expect((await h.send('POST', { body: allowed(...(many ?? [])) })).status).toBe(422)
  expect(await byApi(many)).toBe(400)
  expect((await byForm(many)).status).toBe(422)
  expect((await ann.get(`${ann.base}/privatelink`)).text).toContain('50 at the most')
})
