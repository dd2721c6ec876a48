import { expect, test } from 'vitest'
import { userScopedToken } from '../../simulator/src/sso-token.ts'
import { callApi } from './support/partner.ts'
import { addonOptions, startWithAddon } from './support/start-heroku.ts'

const ANN = 'ann@example.com'
const SDK = { accept: 'application/vnd.heroku+json; version=3.sdk' }

/** Ann, let in to an app with an add-on; `as` calls the API with a key. */
async function startWithAnn() {
  const h = await startWithAddon()
  const as =
    (key: string) => (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      callApi(h.simulator, key, { method, path, body, ...(headers && { headers }) })
  const [owner, ann, eve] = [as('HRKU-any'), as(ANN), as('eve@example.com')]
  const added = await owner('POST', '/apps/service-1/collaborators', { user: ANN })
  expect(added).toMatchObject({ status: 201, body: { role: 'member', user: { email: ANN } } })
  const { id } = (added.body as { user: { id: string } }).user
  return { ...h, as, owner, ann, eve, id }
}

test('a key that is an e-mail address is that person’s, any other one the customer’s', async () => {
  const { owner, ann, id } = await startWithAnn()
  expect((await ann('GET', '/account')).body).toMatchObject({ id, email: ANN })
  expect((await owner('GET', '/account')).body).toMatchObject({ email: 'customer@example.com' })
})

test('a form of sign-on is signed for the person who asks for it', async () => {
  const { owner, ann, id, addon } = await startWithAnn()
  const path = `/apps/service-1/addons/${addon.name}/sso`
  const { status, body } = await ann('GET', path, undefined, SDK)
  const { action, method, params } = body as {
    action: string
    method: string
    params: Record<string, string>
  }
  expect([status, method]).toEqual([200, 'post'])
  expect(action).toMatch(/\/heroku\/sso$/)
  const { ssoSalt } = addonOptions('')
  expect(params).toMatchObject({ resource_id: addon.id, user_id: id, email: ANN, app: 'service-1' })
  const expected = userScopedToken(addon.id, ssoSalt, params.timestamp ?? '', id, ANN)
  expect(params.user_scoped_resource_token).toBe(expected)
  const owners = await owner('GET', path, undefined, SDK)
  expect(owners.body).toMatchObject({ params: { email: 'customer@example.com' } })
  // Known of the CLI's variant alone.
  expect((await ann('GET', path)).status).toBe(404)
})

test('somebody sees the apps that he works on, their add-ons and attachments, and no others', async () => {
  const { simulator, owner, ann, eve, addon } = await startWithAnn()
  await simulator.customer.createApp('service-2')
  const other = await simulator.customer.createAddon({ app: 'service-2', plan: 'daily' })
  const names = async (ask: typeof ann, path: string) =>
    ((await ask('GET', path)).body as { name: string }[]).map(({ name }) => name)
  for (const [path, hers, all] of [
    ['/apps', ['service-1'], ['service-1', 'service-2']],
    ['/addons', [addon.name], [addon.name, other.name]],
    ['/addon-attachments', ['SECURE'], ['SECURE', 'SECURE']],
  ] as const) {
    expect((await names(owner, path)).toSorted(), path).toEqual([...all].toSorted())
    expect(await names(ann, path), path).toEqual(hers)
    expect(await names(eve, path), path).toEqual([])
  }
  expect(await ann('GET', '/apps/service-2')).toMatchObject({
    status: 403,
    body: { id: 'forbidden', message: 'You do not have access to the app service-2.' },
  })
  const attachment = (
    (await owner('GET', `/addons/${other.name}/addon-attachments`)).body as { id: string }[]
  )[0]
  for (const [method, path, body] of [
    ['GET', '/apps/service-2/addons'],
    ['GET', '/apps/service-2/config-vars'],
    ['GET', `/addons/${other.name}`],
    ['GET', `/apps/service-2/addons/${other.name}/sso`],
    ['GET', `/addon-attachments/${attachment?.id}`],
    ['DELETE', `/addon-attachments/${attachment?.id}`],
    ['POST', '/addon-attachments', { addon: addon.name, app: 'service-2' }],
  ] as const) {
    expect((await ann(method, path, body, SDK)).status, path).toBe(403)
  }
  const resolve = (name: string) => ann('POST', '/actions/addons/resolve', { addon: name, app: null })
  expect((await resolve(addon.name)).body).toMatchObject([{ id: addon.id }])
  expect((await resolve(other.name)).status).toBe(404)
  // An add-on is seen by whoever works on an app that it is attached to.
  await simulator.customer.attach({ addon: other.name, app: 'service-1', as: 'OTHER' })
  expect((await resolve(other.name)).body).toMatchObject([{ id: other.id }])
})

test('the owner lets people out again, and nobody else does', async () => {
  const { owner, ann } = await startWithAnn()
  expect((await ann('POST', '/apps/service-1/collaborators', { user: 'eve@example.com' })).status).toBe(403)
  expect((await ann('DELETE', '/apps/service-1')).status).toBe(403)
  const people = async () =>
    ((await owner('GET', '/apps/service-1/collaborators')).body as { user: { email: string } }[]).map(
      ({ user }) => user.email,
    )
  expect(await people()).toEqual(['customer@example.com', ANN])
  const path = `/apps/service-1/collaborators/${encodeURIComponent(ANN)}`
  expect((await owner('DELETE', path)).status).toBe(200)
  expect((await owner('DELETE', path)).body).toMatchObject({ id: 'not_found', resource: 'collaborator' })
  expect((await ann('GET', '/apps/service-1')).status).toBe(403)
  expect(await people()).toEqual(['customer@example.com'])
})

test('a person has one id, whichever app lets him in', async () => {
  const { simulator, owner, ann, id } = await startWithAnn()
  await simulator.customer.createApp('service-2')
  const again = await owner('POST', '/apps/service-2/collaborators', { user: ANN })
  expect(again.body).toMatchObject({ user: { id } })
  await simulator.customer.removeCollaborator('service-1', ANN)
  expect((await ann('GET', '/account')).body).toMatchObject({ id })
})

test('a key does what its scope allows, and one that has ended nothing', async () => {
  const { simulator, as, addon } = await startWithAnn()
  const paths = ['/account', `/addons/${addon.name}`, `/addons/${addon.name}/config`]
  for (const [scope, expected] of [
    ['none', [401, 401, 401, 401]],
    ['identity', [200, 403, 403, 403]],
    ['read', [403, 200, 403, 403]],
    ['read-protected', [403, 200, 200, 403]],
    ['global', [200, 200, 200, 201]],
  ] as const) {
    await simulator.customer.setKeyScope(`HRKU-${scope}`, scope)
    const call = as(`HRKU-${scope}`)
    const got = [
      ...(await Promise.all(paths.map((path) => call('GET', path)))),
      await call('POST', '/apps/service-1/collaborators', { user: 'eve@example.com' }),
    ]
    expect(
      got.map(({ status }) => status),
      scope,
    ).toEqual(expected)
  }
})
