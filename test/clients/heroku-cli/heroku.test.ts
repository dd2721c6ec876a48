import { expect, test } from 'vitest'
import { HerokuRefusedError } from '../../../clients/heroku-cli/src/heroku/calls.ts'
import { herokuOf } from '../../../clients/heroku-cli/src/heroku/heroku.ts'

type Options = { headers: Record<string, string>; timeout: number; body?: object }

/** The CLI's client, which answers like this, and the calls that it was asked for. */
function client(answer: () => Promise<{ body: unknown }>) {
  const calls: [method: string, path: string, options: Options][] = []
  const call = (method: string) => async (path: string, options: Options) => {
    calls.push([method, path, options])
    return await answer()
  }
  return { calls, get: call('get'), post: call('post') }
}

test('every call has a limit, and asks for the form of the sign-on as Heroku’s own command does', async () => {
  const cli = client(async () => ({ body: { a: 1 } }))
  const heroku = herokuOf(cli)
  expect(await heroku.get('/apps/a/addons/b/sso')).toEqual({ a: 1 })
  await heroku.post('/actions/addons/resolve', { addon: 'b' })
  const Accept = 'application/vnd.heroku+json; version=3.sdk'
  expect(cli.calls).toEqual([
    ['get', '/apps/a/addons/b/sso', { headers: { Accept }, timeout: 30_000 }],
    [
      'post',
      '/actions/addons/resolve',
      {
        headers: { Accept, 'Accept-Expansion': 'addon_service,plan' },
        timeout: 30_000,
        body: { addon: 'b' },
      },
    ],
  ])
})

test('a refusal of Heroku is told in its words, with what is missing; another error stays what it is', async () => {
  const refusal = Object.assign(new Error("Couldn't find that add-on."), {
    http: { statusCode: 404 },
    body: { id: 'not_found', resource: 'add_on' },
  })
  const refused = herokuOf(client(async () => Promise.reject(refusal))).get('/')
  await expect(refused).rejects.toBeInstanceOf(HerokuRefusedError)
  await expect(refused).rejects.toMatchObject({ status: 404, resource: 'add_on', message: refusal.message })
  const broken = new Error('connect ECONNREFUSED')
  await expect(herokuOf(client(async () => Promise.reject(broken))).get('/')).rejects.toBe(broken)
})

test('what is secret is read by us alone: the client, which prints what it has parsed, never parses it', async () => {
  const parts = async function* () {
    yield Buffer.from('[{"name":"SECURE_KEY",')
    yield Buffer.from('"value":"A"}]')
  }
  const calls: (boolean | undefined)[] = []
  const get = async (_path: string, { raw }: { raw?: boolean }) => {
    calls.push(raw)
    return { body: undefined, response: parts() }
  }
  const heroku = herokuOf({ get, post: get })
  expect(await heroku.getSecret('/addons/b/config')).toEqual([{ name: 'SECURE_KEY', value: 'A' }])
  expect(calls).toEqual([true])
})

test('an answer that is no JSON is told as that, and quotes nothing', async () => {
  const broken = client(async () => ({ body: JSON.parse('[AAAA') }))
  const response = (async function* () {
    yield Buffer.from('[AAAA')
  })()
  const secret = client(async () => ({ body: undefined, response }))
  for (const call of [herokuOf(broken).get('/'), herokuOf(secret).getSecret('/')]) {
    await expect(call).rejects.toThrow(/^Heroku's answer cannot be read\./)
  }
})
