import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Simulator } from '../../simulator/src/simulator.ts'
import type { StandInService } from './support/stand-in-service.ts'
import { startWithAddon } from './support/start-heroku.ts'

const HEAD = '<190>1 2026-03-03T18:01:31+00:00 securekey app rotation - - '

function frame(message: string): string {
  return `${Buffer.byteLength(HEAD + message)} ${HEAD}${message}`
}

function logUrl(service: StandInService): URL {
  const body = service.received[0]?.body as { log_input_url: string } | undefined
  return new URL(body?.log_input_url ?? '')
}

async function postLogs(
  service: StandInService,
  body: string | Buffer,
  headers: Record<string, string> = {},
) {
  const url = logUrl(service)
  const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`
  return fetch(url.origin + url.pathname, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/logplex-1', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
}

const texts = (simulator: Simulator) => simulator.view.logs().map(({ text }) => text)

describe('Logplex', () => {
  test('takes frames whose lengths count bytes, and files them under the app', async () => {
    const { simulator, service, addon } = await startWithAddon()
    const response = await postLogs(service, frame('at=info état=prêt') + frame('second\n'), {
      'logplex-msg-count': '2',
    })
    expect(response.status).toBe(204)
    expect(simulator.view.logs()).toMatchObject([
      {
        app: 'service-1',
        addon: addon.name,
        priority: 190,
        host: 'securekey',
        source: 'app',
        text: 'at=info état=prêt',
      },
      { text: 'second' },
    ])
    expect(simulator.view.apiCalls().at(-1)).toMatchObject({ path: '/logs', status: 204, addonId: addon.id })
  })

  test('gives an app of the Fir generation no log input, and the page shows the log of an app that has one', async () => {
    const { simulator, service } = await startWithAddon()
    await postLogs(service, frame('a line of the add-on'))
    expect(await (await fetch(simulator.url)).text()).toContain('app[rotation]: a line of the add-on')
    await simulator.customer.createApp('service-fir', { generation: 'fir' })
    await simulator.customer.createAddon({ app: 'service-fir', plan: 'fortnightly' })
    const provisions = service.received.filter(({ method }) => method === 'POST')
    expect(provisions.at(-1)?.body).toMatchObject({ log_input_url: null })
  })

  test('takes gzip', async () => {
    const { simulator, service } = await startWithAddon()
    const response = await postLogs(service, gzipSync(frame('packed')), { 'content-encoding': 'gzip' })
    expect(response.status).toBe(204)
    expect(texts(simulator)).toEqual(['packed'])
  })

  test.each([
    ['a length in characters', `${`${HEAD}é`.length} ${HEAD}é`, {}],
    [
      'the length of Heroku’s own example, one too many',
      `89 <190>1 2013-03-27T20:02:24+00:00 x app procid - - foo`,
      {},
    ],
    ['a frame that is not syslog', '5 hello', {}],
    ['no length', 'hello', {}],
    ['a wrong count', frame('one'), { 'logplex-msg-count': '2' }],
    ['another content type', frame('one'), { 'content-type': 'text/plain' }],
    ['something that is not gzip', frame('one'), { 'content-encoding': 'gzip' }],
  ])('refuses %s with 400 and keeps nothing', async (_title, body, headers) => {
    const { simulator, service } = await startWithAddon()
    const response = await postLogs(service, body, headers as Record<string, string>)
    expect(response.status).toBe(400)
    expect(texts(simulator)).toEqual([])
  })

  test('refuses an unknown token with 401, and an old one once tokens are renewed', async () => {
    const { simulator, service, addon } = await startWithAddon()
    const bad = `Basic ${Buffer.from('token:t.0').toString('base64')}`
    await expect(postLogs(service, frame('x'), { authorization: bad })).resolves.toMatchObject({
      status: 401,
    })
    await simulator.customer.renewLogTokens(addon.name)
    await expect(postLogs(service, frame('x'))).resolves.toMatchObject({ status: 401 })
  })
})
