import { expect, test } from 'vitest'
import { TOKEN, until } from '../../node/support/live.ts'
import { createTimers } from '../../node/support/timers.ts'
import { type App, pass, startProcess } from './formation.ts'
import { createAddon, DAY_MS, HOUR_MS, MINUTE_MS, PERIOD_MS, type Release } from './published.ts'
import { createVisitor } from './visitor.ts'

/** A process that asks for its keys, and gets what `publish` has said last: a release, or that all keys are revoked. */
async function startLive(app: App, first: Release) {
  const timers = createTimers(() => {})
  let present: Release | 'revoked' = first
  const answer = () => {
    const body =
      present === 'revoked'
        ? { type: 'urn:securekey:problem:keys-revoked' }
        : { secure_key: present.value, secure_keyring: present.keyringValue }
    return Response.json(body, { status: present === 'revoked' ? 503 : 200 })
  }
  const fetch = async (url: string) =>
    url.endsWith('/check-ins') ? new Response(null, { status: 204 }) : answer()
  const refresh = { url: 'https://securekey.example.com/v1', token: TOKEN, setTimer: timers.setTimer, fetch }
  const url = await startProcess(app, first, { refresh, onWarning: () => {} })
  await until(() => timers.planned() !== undefined)
  return {
    url,
    /** The process has asked since. */
    publish: async (release: Release | 'revoked') => {
      present = release
      timers.fire()
      await until(() => timers.planned() !== undefined)
    },
  }
}

/** What holds for each framework in a process that takes new keys while it runs. */
export function testLiveProcess(create: () => App, renews: boolean): void {
  test('a process that takes new keys while it runs keeps a login for as long as one that restarts', async () => {
    const addon = createAddon()
    const [visitor, unused] = [createVisitor(), createVisitor()]
    const live = await startLive(create(), addon.provision())
    pass(PERIOD_MS - DAY_MS)
    await visitor.login(live.url)
    await unused.login(live.url, 'bob')
    for (let rotations = 1; rotations <= (renews ? 3 : 1); rotations += 1) {
      pass(DAY_MS)
      await live.publish(addon.rotate())
      // What nothing renews is looked at once, before its own end.
      for (const ms of renews ? [MINUTE_MS, 2 * HOUR_MS, 4 * DAY_MS, 4 * DAY_MS, 4 * DAY_MS] : [MINUTE_MS]) {
        pass(ms)
        expect([rotations, await visitor.visit(live.url)]).toEqual([rotations, 'alice'])
      }
    }
    pass(PERIOD_MS)
    await live.publish(addon.rotate())
    expect(await unused.visit(live.url)).toBe('nobody')
  })

  test('in such a process a key comes and goes that was not there at the start: the next one, and older ones', async () => {
    const addon = createAddon({ next: true })
    const app = create()
    const { value, keyringValue } = addon.provision()
    const body = JSON.parse(keyringValue)
    const withoutNext = { ...body, keys: body.keys.filter(({ use }: { use: string }) => use !== 'next') }
    const live = await startLive(app, { value, keyringValue: JSON.stringify(withoutNext) })
    await live.publish({ value, keyringValue })
    const restarted = await startProcess(app, addon.rotate(), { settle: 0 })
    const visitor = createVisitor()
    await visitor.login(restarted)
    expect(await visitor.visit(live.url)).toBe('alice')
  })

  test('a revoke that such a process hears of ends every login at once, and new ones are good from then on', async () => {
    const addon = createAddon()
    const live = await startLive(create(), addon.provision())
    const visitor = createVisitor()
    await visitor.login(live.url)
    pass(HOUR_MS)
    await live.publish('revoked')
    expect(await visitor.visit(live.url)).toBe('nobody')
    await visitor.login(live.url)
    expect(await visitor.visit(live.url)).toBe('alice')
    await live.publish(addon.revoke())
    expect(await visitor.visit(live.url)).toBe('nobody')
    await visitor.login(live.url)
    expect(await visitor.visit(live.url)).toBe('alice')
  })
}
