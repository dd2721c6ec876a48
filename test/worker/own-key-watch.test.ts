import { expect, onTestFinished, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { findOwnKey } from '../../src/store/own-keys.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { startChildWorker } from '../engine/support/child-worker.ts'
import { startWithAddon } from '../support/addon.ts'
import { customerKey, kmsEnvironment, startFakeKms } from '../support/fake-kms.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'

const LIMITS = { concurrency: 1, claimLimit: 1, clockOffsetMs: async () => 0 }

/** An app whose add-on a key of its customer's protects, which is disabled now. */
async function startDisabled() {
  const { kms, url } = await startFakeKms(() => new Date())
  onTestFinished(() => kms.close())
  const env = kmsEnvironment(url)
  const key = customerKey(kms)
  const h = await startWithAddon({
    env,
    plan: 'private-fortnightly',
    options: { 'encryption-key': key.arn },
  })
  const found = () => findOwnKey(h.deps.db, key.arn)
  return { ...h, env, key, found }
}

test('a key is watched, and suspended in time, while a tick has long been at work', async () => {
  const h = await startDisabled()
  h.clock.advance(14 * DAY)
  const { platform } = h.deps
  let goOn = () => {}
  const begun = Promise.withResolvers<void>()
  const deps: Deps = {
    ...h.deps,
    platform: {
      ...platform,
      async writeConfig(...given) {
        begun.resolve()
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        return await platform.writeConfig(...given)
      },
    },
  }
  const worker = createWorker(deps, LIMITS)
  const tick = worker.tick()
  await begun.promise
  h.key.state = 'Disabled'
  for (let seconds = 0; seconds < 12 * 60; seconds += 10) {
    h.clock.advance(10 * SECOND)
    await Promise.all([worker.watch(), worker.watch()])
  }
  expect(await h.found()).toMatchObject({ state: 'suspended' })
  goOn()
  await tick
  await worker.stop(0)
  h.clock.advance(2 * MINUTE)
  const { lookedAt } = (await h.found()) ?? {}
  await worker.watch()
  expect((await h.found())?.lookedAt).toEqual(lookedAt)
})

test('a tick waits for no look at a key', async () => {
  const h = await startDisabled()
  h.clock.advance(HOUR)
  await h.worker().tick()
  expect((await h.found())?.lookedAt).toBeNull()
})

test('a worker that is told to stop does not wait for a key', async () => {
  const h = await startDisabled()
  const { kms } = h.deps
  if (!kms) throw new Error('no access to AWS')
  const never = new Promise<never>(() => {})
  const begun = Promise.withResolvers<void>()
  const describe = () => {
    begun.resolve()
    return never
  }
  const worker = createWorker({ ...h.deps, kms: { ...kms, describe } }, LIMITS)
  void worker.watch()
  await begun.promise
  await worker.stop(1)
})

test('a worker that looks for other work once a year watches keys all the same', async () => {
  const h = await startDisabled()
  h.key.state = 'Disabled'
  const child = startChildWorker(h, { ...h.env, ROTATION_CRON: '0 0 0 1 1 *' })
  await expect.poll(h.found, { timeout: 60_000 }).toMatchObject({ state: 'waiting' })
  await child.kill()
})
