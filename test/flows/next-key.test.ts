import { describe, expect, test } from 'vitest'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { pauseRotation } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { replaceKeys, revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { checkBooks } from '../engine/support/books.ts'
import { ACTOR, type Life, startLife } from '../engine/support/customer-app.ts'
import { pushAs } from '../engine/support/environments.ts'
import { mortalProcess } from '../engine/support/mortal-process.ts'
import { tickOf } from '../engine/support/ticks.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { historyOf, verify } from '../support/resource.ts'

const withNext = () => startLife({ next: true })
const switchNext = (life: Life, on: boolean) =>
  announceNext(life.deps, { resourceId: life.id, actor: ACTOR, on })
const releases = (life: Life) => life.heroku.view.releases(life.appName).length
const ring = (life: Life) => JSON.parse(life.heroku.view.addon(life.id).config.SECURE_KEYRING ?? '')

/** The text of the announced key; fails where none is. */
function announced(life: Life): string {
  const key = life.announced()
  if (key === undefined) throw new Error('no key is announced')
  return key
}

describe('the next key', () => {
  test.each<[string, (life: Life) => Promise<unknown>]>([
    ['scheduled', async (life) => life.clock.advance(14 * DAY)],
    ['manual', (life) => requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })],
    [
      'plan-change',
      async (life) => {
        life.clock.advance(3 * DAY)
        await changePlan(life.deps, { resourceId: life.id, plan: 'daily' })
      },
    ],
  ])(
    'is the one that a %s rotation promotes, and another is announced in the same release',
    async (reason, ask) => {
      const life = await withNext()
      const [next, { first }, before] = [announced(life), life.held(), releases(life)]
      await ask(life)
      await life.tick()
      expect(life.held()).toEqual({ first: next, second: first })
      expect((await life.rotations()).map((rotation) => rotation.reason)).toEqual([reason])
      expect(releases(life)).toBe(before + 1)
      expect(announced(life)).not.toBe(next)
      await checkBooks(life.deps, life.id)
    },
  )

  test('is accepted from its announcement on, is known as such, and is the current key after the rotation', async () => {
    const life = await withNext()
    const next = announced(life)
    expect(await verify(life.deps, life.id, next)).toEqual({ outcome: 'next', version: 3 })
    expect(await life.accepts(next)).toBe(true)
    life.clock.advance(14 * DAY)
    await life.tick()
    expect(await verify(life.deps, life.id, next)).toEqual({ outcome: 'current', version: 3 })
  })

  test('stands in the keyring alone, last and with its text; SECURE_KEY stays two keys', async () => {
    const life = await withNext()
    const [sign, ...others] = ring(life).keys
    expect(sign).toMatchObject({ version: 2, use: 'sign' })
    expect(others).toEqual([
      {
        kid: expect.stringMatching(/^[0-9a-f]{8}$/),
        version: 3,
        use: 'next',
        until: null,
        key: announced(life),
      },
    ])
    expect(Object.values(life.held())).not.toContain(announced(life))
  })

  test('is replaced by a revoke, with all other keys, and refused from then on', async () => {
    for (const replace of [revokeKeys, replaceKeys]) {
      const life = await withNext()
      const [next, before] = [announced(life), releases(life)]
      await replace(life.deps, { resourceId: life.id, actor: ACTOR })
      expect(await verify(life.deps, life.id, next)).toEqual({ outcome: 'revoked', version: 3 })
      await life.tick()
      expect(releases(life)).toBe(before + 1)
      expect(announced(life)).not.toBe(next)
      expect(Object.values(life.held())).not.toContain(next)
      expect(ring(life).keys.map(({ use }: { use: string }) => use)).toEqual(['sign', 'next'])
      expect(await verify(life.deps, life.id, next)).toEqual({ outcome: 'revoked', version: 3 })
      await checkBooks(life.deps, life.id)
    }
  })

  test('stays the same beside a filler, which is younger than it and is listed nowhere', async () => {
    const life = await startLife({ next: true, grace: '48h' })
    life.clock.advance(14 * DAY)
    await life.tick()
    const next = announced(life)
    life.clock.advance(48 * HOUR)
    await life.tick()
    expect((await life.state()).keyset).toMatchObject({ current: 3, second: { version: 5, filler: true } })
    expect(announced(life)).toBe(next)
    expect(ring(life).keys).toHaveLength(2)
    // The rotation promotes a key with a lower number than that of the filler which it displaces.
    life.clock.advance(12 * DAY)
    await life.tick()
    expect(life.held().first).toBe(next)
    await checkBooks(life.deps, life.id)
  })

  test.each<[string, (life: Life) => Promise<unknown>]>([
    ['a revoke', (life) => revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })],
    ['the end of the add-on', (life) => life.heroku.customer.destroyApp(life.appName)],
  ])('that was never announced is told of, too, when it goes with %s', async (_what, end) => {
    const life = await startLife()
    await switchNext(life, true)
    life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
    await life.tick()
    await checkBooks(life.deps, life.id)
    await end(life)
    await checkBooks(life.deps, life.id)
    expect(await life.kinds()).toContain('next-withdrawn')
  })

  test('goes with the add-on', async () => {
    const life = await withNext()
    await life.heroku.customer.destroyApp(life.appName)
    expect(await life.deps.db.selectFrom('sealed_keys').selectAll().execute()).toEqual([])
    await checkBooks(life.deps, life.id)
  })
})

describe('switched on', () => {
  test('it is announced by one release, in which SECURE_KEY stays as it is', async () => {
    const life = await startLife()
    const [held, before] = [life.held(), releases(life)]
    expect(await switchNext(life, true)).toBe(true)
    await life.tick()
    expect(life.held()).toEqual(held)
    expect(releases(life)).toBe(before + 1)
    expect(await life.accepts(announced(life))).toBe(true)
    const { rotated_at, reason } = ring(life)
    expect({ rotated_at, reason }).toEqual({ rotated_at: '2026-03-03T12:00:00.000Z', reason: 'provision' })
  })

  test('it is announced during a pause as well, like whatever a person presses', async () => {
    const life = await startLife()
    await pauseRotation(life.deps, { resourceId: life.id, actor: ACTOR, until: null, reason: 'audit' })
    await switchNext(life, true)
    await life.tick()
    expect(life.announced()).toBeDefined()
    await switchNext(life, false)
    await life.tick()
    expect(life.announced()).toBeUndefined()
  })

  test('twice changes nothing and costs nothing the second time', async () => {
    const life = await startLife()
    await switchNext(life, true)
    await life.tick()
    const [before, kinds] = [releases(life), await life.kinds()]
    expect(await switchNext(life, true)).toBe(false)
    await life.tick()
    expect([releases(life), await life.kinds()]).toEqual([before, kinds])
  })

  test('before a rotation under way has its key, both come with one release', async () => {
    const life = await startLife()
    await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
    await switchNext(life, true)
    const before = releases(life)
    await life.tick()
    expect(releases(life)).toBe(before + 1)
    expect(life.announced()).toBeDefined()
  })
})

describe('switched during a push', () => {
  /** A tick of a worker, and what somebody does right after its push. */
  async function pressAfterPush(life: Life, on: boolean) {
    const press = async () => void (await switchNext(life, on))
    const worker = mortalProcess(life.deps, life.databaseUrl, {
      name: 'after call writeConfig',
      nth: 1,
      instead: press,
    })
    await tickOf(worker.deps)
    await worker.end()
    const listed = life.announced()
    if (listed) expect(await life.accepts(listed)).toBe(true)
    await life.tick()
  }

  test('what Heroku was told is not taken for what is wanted since: a key that it lists is never erased', async () => {
    const life = await startLife()
    await switchNext(life, true)
    await pressAfterPush(life, false)
    expect(life.announced()).toBeUndefined()
    expect((await life.state()).keyset.next).toBeNull()
    await checkBooks(life.deps, life.id)
  })

  test('a key that is wanted again is not erased by the push that left it out', async () => {
    const life = await withNext()
    const next = announced(life)
    await switchNext(life, false)
    await pressAfterPush(life, true)
    expect(announced(life)).toBe(next)
    expect(await life.accepts(next)).toBe(true)
  })

  test('a rotation that waits for its next attempt waits on', async () => {
    const life = await startLife()
    life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
    life.clock.advance(14 * DAY)
    await life.tick()
    const { wakeAt } = await life.state()
    await switchNext(life, true)
    expect((await life.state()).wakeAt).toEqual(wakeAt)
  })
})

describe('switched off', () => {
  test('it is erased once Heroku has confirmed a keyring without it, and not before', async () => {
    const life = await withNext()
    const next = announced(life)
    await switchNext(life, false)
    expect(await life.accepts(next)).toBe(true)
    life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
    await life.tick()
    expect(await life.accepts(next)).toBe(true)
    life.clock.advance(HOUR)
    await life.tick()
    expect(life.announced()).toBeUndefined()
    expect(await verify(life.deps, life.id, next)).toEqual({ outcome: 'retired', version: 3 })
    await checkBooks(life.deps, life.id)
  })

  test('it is withdrawn by one push, also where an answer was lost', async () => {
    const life = await withNext()
    const before = releases(life)
    await switchNext(life, false)
    life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'truncated-body' })
    await life.tick()
    life.clock.advance(HOUR)
    await life.tick()
    expect(releases(life)).toBe(before + 1)
    expect((await life.state()).keyset.next).toBeNull()
  })

  test('and on again before a worker came it stays the same key, and nothing is pushed', async () => {
    const life = await withNext()
    const [next, before] = [announced(life), releases(life)]
    await switchNext(life, false)
    await switchNext(life, true)
    await life.tick()
    expect([announced(life), releases(life)]).toEqual([next, before])
  })

  test('and on again after it was withdrawn it is another key: one that was announced is used for nothing else', async () => {
    const life = await withNext()
    const next = announced(life)
    for (const on of [false, true]) {
      await switchNext(life, on)
      await life.tick()
    }
    expect(announced(life)).not.toBe(next)
    life.clock.advance(14 * DAY)
    await life.tick()
    expect(Object.values(life.held())).not.toContain(next)
    await checkBooks(life.deps, life.id)
  })

  test('when it is due to sign, it signs: the rotation goes on and announces no other', async () => {
    const life = await withNext()
    const [next, before] = [announced(life), releases(life)]
    await switchNext(life, false)
    life.clock.advance(14 * DAY)
    await life.tick()
    expect(life.held().first).toBe(next)
    expect(life.announced()).toBeUndefined()
    expect(releases(life)).toBe(before + 1)
  })
})

describe('the history', () => {
  test('tells who switched it on, what was announced and what was withdrawn, by fingerprint', async () => {
    const life = await startLife()
    await switchNext(life, true)
    await life.tick()
    const kid = ring(life).keys.at(-1).kid
    await switchNext(life, false)
    await life.tick()
    const told = (await historyOf(life.deps, life.id)).filter(({ kind }) => kind.startsWith('next-'))
    expect(told.map(({ kind, actor, key, erased }) => [kind, actor.type, key, erased])).toEqual([
      ['next-switched-on', 'operator', undefined, undefined],
      ['next-announced', 'worker', { version: 3, fingerprint: kid }, undefined],
      ['next-switched-off', 'operator', undefined, undefined],
      ['next-withdrawn', 'worker', { version: 3, fingerprint: kid }, [3]],
    ])
  })
})

test.each([
  ['from when it signed', true],
  ['from when it signed, though nobody wants the next key any more', false],
])('a key that was announced long before it signed counts for apps %s', async (_from, wanted) => {
  const life = await withNext()
  await switchNext(life, wanted)
  for (let rotation = 1; rotation <= 2; rotation += 1) {
    life.clock.advance(14 * DAY)
    await life.tick()
  }
  // Back to the first pair, whose keys have left: what the app signs with is in no config var any more.
  const [next, { first }] = [life.announced(), life.held()]
  await life.heroku.customer.rollback(life.appName, 2)
  life.clock.advance(14 * DAY)
  await life.tick()
  expect(await life.kinds()).not.toContain('key-held-back')
  expect(life.held().second).toBe(first)
  if (wanted) expect(life.held().first).toBe(next)
})

describe('what Heroku holds', () => {
  test('is read back before a second push: an announcement that arrived is not made twice', async () => {
    const life = await startLife()
    const before = releases(life)
    await switchNext(life, true)
    life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status-after-write' })
    await life.tick()
    life.clock.advance(MINUTE)
    await life.tick()
    expect(releases(life)).toBe(before + 1)
    expect((await life.state()).keyset.next).toEqual({ version: 3, announced: true })
  })

  test('is pushed again where it is the keyring from before the next key, with the very same key', async () => {
    const life = await startLife()
    const { version } = life.heroku.view.app(life.appName)
    await switchNext(life, true)
    await life.tick()
    const next = announced(life)
    await life.heroku.customer.rollback(life.appName, version)
    expect(life.announced()).toBeUndefined()
    life.clock.advance(HOUR)
    await life.tick()
    expect(announced(life)).toBe(next)
    expect(await life.kinds()).toContain('config-repaired')
  })

  test('loses a next key that was withdrawn and comes back by a late push', async () => {
    const life = await withNext()
    const late = life.heroku.view.addon(life.id).config
    await switchNext(life, false)
    await life.tick()
    await pushAs(life.deps, life.id, { pair: late.SECURE_KEY ?? '', keyring: late.SECURE_KEYRING ?? '' })
    expect(life.announced()).toBeDefined()
    life.clock.advance(HOUR)
    await life.tick()
    expect(life.announced()).toBeUndefined()
  })
})

test('good_for says how long a signature is good at least: half the period, or the grace period if that is shorter', async () => {
  expect(ring(await startLife()).good_for).toBe(7 * 86_400)
  expect(ring(await startLife({ plan: 'daily' })).good_for).toBe(43_200)
  const short = await startLife({ grace: '48h' })
  expect(ring(short).good_for).toBe(2 * 86_400)
  // Another plan causes no push by itself, and counts from the next one on.
  await changePlan(short.deps, { resourceId: short.id, plan: 'weekly' })
  await short.tick()
  expect(ring(short).good_for).toBe(2 * 86_400)
})
