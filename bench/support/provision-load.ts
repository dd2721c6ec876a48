import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { ADDON } from '../../src/config.ts'
import { BENCH_PASSWORD } from './bench-config.ts'

const AUTHORIZATION = `Basic ${Buffer.from(`${ADDON.id}:${BENCH_PASSWORD}`).toString('base64')}`

/** Sends provision requests as Heroku does, with or without a grant to exchange. */
export function createProvisionLoad(url: string, options: { grant: boolean; connections: number }) {
  const dispatcher = new Agent({ connections: options.connections, pipelining: 1 })

  async function provision(): Promise<void> {
    const uuid = randomUUID()
    const response = await request(`${url}/heroku/resources`, {
      dispatcher,
      method: 'POST',
      headers: { authorization: AUTHORIZATION, 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(uuid, options.grant)),
    })
    await response.body.text()
    if (response.statusCode !== 200) throw new Error(`provision was answered ${response.statusCode}`)
  }

  async function timed(startedAt = performance.now()): Promise<number> {
    await provision()
    return performance.now() - startedAt
  }

  return {
    /** As many as the connections carry. Answers requests per second and how long each took, in ms. */
    async full(count: number): Promise<{ perSecond: number; timesMs: number[] }> {
      const timesMs: number[] = []
      let left = count
      const startedAt = performance.now()
      await Promise.all(
        Array.from({ length: options.connections }, async () => {
          while (left > 0) {
            left -= 1
            timesMs.push(await timed())
          }
        }),
      )
      return { perSecond: (count / (performance.now() - startedAt)) * 1_000, timesMs }
    },
    /** At a fixed rate, whether answers come or not. Times count from the moment at which each was to be sent. */
    async steady(perSecond: number, seconds: number): Promise<number[]> {
      const times: Promise<number>[] = []
      const startedAt = performance.now()
      for (let n = 0; n < perSecond * seconds; n += 1) {
        const sendAt = startedAt + (n * 1_000) / perSecond
        const waitMs = sendAt - performance.now()
        if (waitMs > 0) await sleep(waitMs)
        times.push(timed(sendAt))
      }
      return await Promise.all(times)
    },
    close: () => dispatcher.close(),
  }
}

function bodyOf(uuid: string, grant: boolean) {
  return {
    uuid,
    callback_url: `https://api.heroku.com/addons/${uuid}`,
    name: 'acme-inc-primary-database',
    plan: 'fortnightly',
    region: 'amazon-web-services::us-east-1',
    options: {},
    log_input_url: 'https://1:token.t.8e4b5c7a@1.us.logplex.io/logs',
    log_drain_token: 'd.8e4b5c7a',
    ...(grant
      ? {
          oauth_grant: {
            code: randomUUID(),
            expires_at: new Date(Date.now() + 300_000),
            type: 'authorization_code',
          },
        }
      : {}),
  }
}
