import { expect, test } from 'vitest'
import { type HandOverOptions, handOver, type StoredKeys } from '../../../clients/node/src/hand-over.ts'
import { requestRotation } from '../../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../../src/flows/dashboard/revoke-keys.ts'
import { clientOf, handedOverTo } from '../../api/support/client.ts'
import { ANN } from '../../api/support/token.ts'
import { type HarnessWithAddon, startWithAddon } from '../../support/addon.ts'
import { DAY, MINUTE } from '../../support/harness.ts'
import { createTimers } from './support/timers.ts'

const varsOf = (h: HarnessWithAddon) => {
  const { SECURE_KEY: secureKey = '', SECURE_KEYRING: secureKeyring = '' } =
    h.heroku.view.configVars('service-1')
  return { secureKey, secureKeyring }
}
const rotate = async (h: HarnessWithAddon) => {
  h.clock.advance(10 * DAY)
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
  h.clock.advance(MINUTE)
}

/** A client that asks the service by its public address. */
async function clientWith(h: HarnessWithAddon, client: string, options: Partial<HandOverOptions>) {
  const stored: StoredKeys[] = []
  const made = await handOver({
    url: 'http://127.0.0.1:5000/v1',
    client,
    onKeys: (keys) => stored.push(keys),
    onWarning: () => {},
    now: () => h.clock.now().getTime(),
    setTimer: createTimers(() => {}).setTimer,
    fetch: (url, init) => fetch(url.replace('http://127.0.0.1:5000', h.url), init),
    ...options,
  })
  return { made, stored, ask: made.ask }
}

test('a client that was given the pair once is handed the latest over three rotations', async () => {
  const h = await startWithAddon()
  const { text } = await handedOverTo(h)
  const { ask, stored, made } = await clientWith(h, text, { keys: varsOf(h) })
  expect(await ask()).toEqual({ ok: true, outcome: 'already-latest' })
  for (let rotations = 1; rotations <= 3; rotations += 1) {
    await rotate(h)
    expect(await ask()).toEqual({ ok: true, outcome: 'handed-over' })
    expect(stored.at(-1)).toEqual(varsOf(h))
    expect(made.keyring.keys[0]?.kid).toBe(JSON.parse(varsOf(h).secureKeyring).keys[0].kid)
    expect(await ask()).toEqual({ ok: true, outcome: 'already-latest' })
  }
  expect(stored).toHaveLength(3)
})

test('an answer that was lost, or not stored, is asked for again; who comes back with an older pair is refused', async () => {
  const h = await startWithAddon()
  const { text } = await handedOverTo(h)
  const before = varsOf(h)
  await rotate(h)
  const failing = await clientWith(h, text, { keys: before, onKeys: () => Promise.reject(new Error('full')) })
  expect(await failing.ask()).toEqual({ ok: false, reason: 'not-stored' })
  const again = await clientWith(h, text, { keys: before })
  expect(await again.ask()).toEqual({ ok: true, outcome: 'handed-over' })
  expect(await again.ask()).toEqual({ ok: true, outcome: 'already-latest' })
  const restored = await clientWith(h, text, { keys: before })
  expect(await restored.ask()).toEqual({ ok: false, reason: 'previous-key-after-latest' })
})

test('with a leaked key alone, or the secret of a client alone, nobody is handed anything', async () => {
  const h = await startWithAddon()
  const { text } = await handedOverTo(h)
  const leaked = varsOf(h)
  await rotate(h)
  const other = { keys: { secureKey: `${'A'.repeat(64)},${'B'.repeat(64)}` } }
  const made = 'sk_client_0123456789abcdef_00wfesa7hnndpa75gyfnj79sen6tckcay4346207nduncfp7gha546a7ce'
  for (const [client, keys] of [
    [made, { keys: leaked }],
    [text, other],
  ] as const) {
    const { ask, stored } = await clientWith(h, client, keys)
    expect([await ask(), stored]).toEqual([{ ok: false, reason: 'not-authenticated' }, []])
  }
})

test('two rotations late, after a revoke, and while it is switched off, a client is told why it gets nothing', async () => {
  const h = await startWithAddon()
  const { text } = await clientOf(h)
  const first = varsOf(h)
  expect(await (await clientWith(h, text, { keys: first })).ask()).toEqual({
    ok: false,
    reason: 'hand-over-off',
  })
  const { text: on } = await handedOverTo(h, { name: 'other' })
  await rotate(h)
  await rotate(h)
  expect(await (await clientWith(h, on, { keys: first })).ask()).toEqual({
    ok: false,
    reason: 'not-authenticated',
  })
  const present = varsOf(h)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: true })
  expect(await (await clientWith(h, on, { keys: present })).ask()).toEqual({
    ok: false,
    reason: 'not-authenticated',
  })
})

test('a client whose clock is wrong is put right by the service', async () => {
  const h = await startWithAddon()
  const { text } = await handedOverTo(h)
  const late = () => h.clock.now().getTime() - 3 * DAY
  const { ask } = await clientWith(h, text, { keys: varsOf(h), now: late })
  expect(await ask()).toEqual({ ok: true, outcome: 'already-latest' })
})
