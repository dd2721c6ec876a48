import { describe, expect, test } from 'vitest'
import { formTokenIn, signedIn } from '../support/browser.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'
import { type ApiAnswer, type ApiHarness, operationsOf, sharedApi, startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { tokenOf } from './support/token.ts'

type Token = { id: string; token: string }
type Session = { id: string; own: boolean; by: string; email: string | null }

const shared = sharedApi()
const callerOf = async (h: ApiHarness, userId = 'ann') => {
  const email = `${userId}@example.com`
  return h.caller((await signedOnByCommandLine(h, { userId, email })).token)
}
const problem = ({ status, body }: ApiAnswer) => [status, String(body.type).split(':').at(-1)]

describe('a person by the command line', () => {
  test('makes a token, which is told once, is listed with its last use, and ends', async () => {
    const h = await startApi()
    const call = await callerOf(h)
    const wish = { name: 'deploy', scopes: ['rotate', 'read'], life: '30d' }
    const made = await call('POST', '/tokens', { body: wish })
    const shown = {
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      name: 'deploy',
      scopes: ['read', 'rotate'],
      made_by: 'ann@example.com',
      made_at: h.clock.now().toISOString(),
      last_used_at: null,
      expires_at: new Date(h.clock.now().getTime() + 30 * DAY).toISOString(),
    }
    expect(made.status).toBe(201)
    const text = expect.stringMatching(/^sk_api_/)
    expect(made.body).toEqual({ token: text, ...shown })
    const { id, token } = made.body as Token
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'token-made',
      actor: { type: 'person', email: 'ann@example.com', commandLine: expect.any(String) },
      details: { token: id, scopes: 'read, rotate' },
    })
    expect((await h.caller(token)('GET', '/resource')).status).toBe(200)
    const { body, text: listed } = await call('GET', '/tokens')
    expect(body).toEqual({ tokens: [{ ...shown, last_used_at: h.clock.now().toISOString() }] })
    expect(listed).not.toContain(token)
    expect((await call('DELETE', `/tokens/${id}`)).body).toEqual({ ended: 1 })
    expect((await h.caller(token)('GET', '/resource')).status).toBe(401)
    expect(problem(await call('DELETE', `/tokens/${id}`))).toEqual([404, 'not-found'])
    expect((await kindsOf(h.deps, h.addon.id)).slice(-2)).toEqual(['token-made', 'tokens-ended'])
  })

  test('makes one of 90 days where no life is named, and 50 at the most', async () => {
    const h = await startApi()
    const call = await callerOf(h)
    const make = () => call('POST', '/tokens', { body: { name: 'ci', scopes: ['read'] } })
    const { body } = await make()
    expect(body.expires_at).toBe(new Date(h.clock.now().getTime() + 90 * DAY).toISOString())
    for (let made = 1; made < 50; made += 1) expect((await make()).status).toBe(201)
    expect(problem(await make())).toEqual([409, 'too-many'])
    expect((await call('DELETE', '/tokens')).body).toEqual({ ended: 50 })
    expect((await call('GET', '/tokens')).body).toEqual({ tokens: [] })
    expect((await call('DELETE', '/tokens')).body).toEqual({ ended: 0 })
    expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'tokens-ended')).toHaveLength(1)
  })

  test.each([
    ['no name', { name: ' ', scopes: ['read'] }, [422, 'invalid-option']],
    ['no scope', { name: 'x', scopes: [] }, [422, 'invalid-option']],
    ['a life of minutes', { name: 'x', scopes: ['read'], life: '5m' }, [422, 'invalid-option']],
    ['a life of two years', { name: 'x', scopes: ['read'], life: '730d' }, [422, 'invalid-option']],
    ['an unknown scope', { name: 'x', scopes: ['admin'] }, [400, 'malformed-request']],
    ['a scope twice', { name: 'x', scopes: ['read', 'read'] }, [400, 'malformed-request']],
    ['scopes as a text', { name: 'x', scopes: 'read' }, [400, 'malformed-request']],
    ['an unknown field', { name: 'x', scopes: ['read'], days: 3 }, [400, 'malformed-request']],
  ])('makes none with %s', async (what, body, refused) => {
    const h = await shared()
    const call = await callerOf(h, what.replaceAll(' ', '-'))
    expect(problem(await call('POST', '/tokens', { body }))).toEqual(refused)
    expect((await call('GET', '/tokens')).body).toEqual({ tokens: [] })
  })

  test('sees who is signed on, and by what', async () => {
    const h = await startApi()
    await signedIn(h, { addon: h.addon.id, userId: 'bob', email: 'bob@example.com' })
    h.clock.advance(MINUTE)
    const call = await callerOf(h)
    const now = h.clock.now().getTime()
    const { sessions } = (await call('GET', '/sessions')).body
    const at = (ms: number) => new Date(now + ms).toISOString()
    const handle = expect.stringMatching(/^[0-9a-f]{16}$/)
    expect(sessions).toEqual([
      {
        ...{ id: handle, by: 'command-line', email: 'ann@example.com', own: true },
        ...{ made_at: at(0), last_used_at: at(0), ends_at: at(15 * MINUTE) },
      },
      {
        ...{ id: handle, by: 'browser', email: 'bob@example.com', own: false },
        ...{ made_at: at(-MINUTE), last_used_at: at(-MINUTE), ends_at: at(HOUR / 2 + 59 * MINUTE) },
      },
    ])
  })

  test('ends one session, all others, and in the end the own one', async () => {
    const h = await startApi()
    const bob = await signedIn(h, { addon: h.addon.id, userId: 'bob', email: 'bob@example.com' })
    const [ann, eve, zoe] = [await callerOf(h), await callerOf(h, 'eve'), await callerOf(h, 'zoe')]
    const sessions = async () => (await ann('GET', '/sessions')).body.sessions as Session[]
    const of = async (email: string) =>
      (await sessions()).find((each) => each.email === `${email}@example.com`)?.id
    expect((await ann('DELETE', `/sessions/${await of('eve')}`)).body).toEqual({ ended: 1 })
    expect((await eve('GET', '/resource')).status).toBe(401)
    expect((await ann('DELETE', '/sessions')).body).toEqual({ ended: 2 })
    expect((await bob.get(bob.base)).status).toBe(403)
    expect((await zoe('GET', '/resource')).status).toBe(401)
    expect(await sessions()).toMatchObject([{ own: true }])
    for (const id of ['0123456789abcdef', 'x', '%', `${await of('ann')}0`]) {
      expect((await ann('DELETE', `/sessions/${encodeURIComponent(id)}`)).status, id).toBe(404)
    }
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'sessions-ended',
      actor: { email: 'ann@example.com' },
      details: { sessions: 2 },
    })
    expect((await ann('DELETE', `/sessions/${await of('ann')}`)).body).toEqual({ ended: 1 })
    expect((await ann('GET', '/sessions')).status).toBe(401)
  })

  test('reaches nothing of another add-on', async () => {
    const h = await startApi()
    const call = await callerOf(h)
    const other = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily', name: 'other-1' })
    const theirs = await tokenOf(h, ['read'], { resourceId: other.id })
    const guest = await signedIn(h, { addon: other.id, userId: 'bob', email: 'bob@example.com' })
    const page = await guest.get(`${guest.base}/sessions`)
    const [, handle = ''] = /name="session" value="([0-9a-f]{16})"/.exec(page.text) ?? []
    expect(formTokenIn(page.text)).not.toBe('')
    expect((await call('DELETE', `/sessions/${handle}`)).status).toBe(404)
    expect((await call('DELETE', `/tokens/${theirs.id}`)).status).toBe(404)
    expect((await call('DELETE', '/tokens')).body).toEqual({ ended: 0 })
    expect((await call('DELETE', '/sessions')).body).toEqual({ ended: 0 })
    expect((await h.caller(theirs.text)('GET', '/resource')).status).toBe(200)
    expect((await guest.get(guest.base)).status).toBe(200)
  })
})

test('what asks for a person is refused to a sign-on that named nobody', async () => {
  const h = await shared()
  // The forms of this second are used.
  h.clock.advance(SECOND)
  const tamper = { user_scoped_resource_token: null }
  const nobody = h.caller((await signedOnByCommandLine(h, { tamper })).token)
  const personal = operationsOf(h.document).filter(({ operation }) =>
    operation.security.some(({ person }) => person?.length === 0),
  )
  expect(personal.length).toBeGreaterThanOrEqual(7)
  for (const { method, path } of personal) {
    const address = path.replace('/v1', '').replace('{id}', '0123456789abcdef')
    expect(problem(await nobody(method, address)), address).toEqual([403, 'person-required'])
  }
  expect(h.logLines.join('')).toContain('"kind":"user-sign-on-required"')
})
