import { beforeAll, expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { keyDigest } from '../../src/domain/key.ts'
import { openRotation, type ResourceState } from '../../src/domain/resource-state.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { verifyKey } from '../../src/flows/verify-key.ts'
import { type Db, openDatabase } from '../../src/store/database.ts'
import { findKeys } from '../../src/store/sealed-keys.ts'
import { inMs, NOW, newKey, newResource, storeResource } from '../store/support/start-store.ts'
import { takeDatabase } from '../support/database.ts'
import { startHarness } from '../support/harness.ts'
import { accepts, uuid, verify } from '../support/resource.ts'

const keyOf = (version: number) => version.toString(16).toUpperCase().padStart(64, 'A')
const keyNamed = (version: number) => ({ version, fingerprint: fingerprint(keyOf(version)) })

const LIVE = uuid(1)
const REVOKED = uuid(2)
const EMPTY = uuid(3)
let db: Db
const at = (now: Date) => ({ db, now: () => now })

/** Key 1 is erased, 2 is older, 3 stands in the second place, 4 signs, 5 and the filler 6 are pending, 7 is the next. */
const { state: provisioned } = newResource(1)
const live: ResourceState = {
  ...openRotation(provisioned, { reason: 'manual', dueAt: NOW, openedBy: { type: 'operator' } }, NOW),
  keyset: {
    current: 4,
    second: { version: 3, filler: false, until: inMs(2) },
    pending: 5,
    pendingFiller: 6,
    older: [{ version: 2, until: inMs(1) }],
    next: { version: 7, announced: false },
    revokedTo: 0,
  },
  lastVersion: 7,
}
/** The same after a revoke that has made its key and its filler. */
const revoked: ResourceState = {
  ...openRotation(live, { reason: 'revoke', dueAt: NOW, openedBy: { type: 'operator' } }, NOW),
  keyset: { ...live.keyset, revokedTo: 4 },
}

beforeAll(async () => {
  const { url, giveBack } = await takeDatabase()
  db = openDatabase({ url, poolSize: 2, onIdleError: () => {} })
  const store = async (number: number, state: ResourceState) => {
    const keys = [2, 3, 4, 5, 6, 7].map((version) =>
      newKey(uuid(number), version, { digest: keyDigest(keyOf(version)) }),
    )
    const event = { at: NOW, kind: 'provisioned', actor: { type: 'heroku' }, key: keyNamed(1) } as const
    await storeResource(db, number, { state, keys, events: [event] })
  }
  await store(1, live)
  await store(2, revoked)
  await storeResource(db, 3, { keys: [] })
  return async () => {
    await db.destroy()
    await giveBack()
  }
})

test.each([
  ['pending', 'key', 5, true],
  ['pending', 'filler', 6, true],
  ['current', 'key', 4, true],
  ['next', 'key', 7, true],
  ['previous', 'key in the second place', 3, true],
  ['previous', 'key that left the config var', 2, true],
  ['retired', 'key', 1, false],
] as const)(
  'the %s %s, version %i, is known as such; that it is accepted is %s',
  async (outcome, _which, version, accepted) => {
    expect(await verify(at(NOW), LIVE, keyOf(version))).toEqual({ outcome, version })
    expect(await accepts(at(NOW), LIVE, keyOf(version))).toBe(accepted)
  },
)

test.each([1, 2, 3, 4, 5, 6, 7])(
  'version %i is found by its fingerprint alone, in digits of any case',
  async (version) => {
    const { outcome } = await verify(at(NOW), LIVE, keyOf(version))
    const short = fingerprint(keyOf(version))
    for (const digest of [short, short.toUpperCase()]) {
      expect(await verifyKey(at(NOW), { resourceId: LIVE, digest })).toEqual({ outcome, version })
    }
  },
)

test('a key that left the config var is accepted until its end and not after it, erased or not', async () => {
  const { until } = live.keyset.older[0] ?? {}
  if (!until) throw new Error('there is no older key')
  for (const digest of [fingerprint(keyOf(2)), keyDigest(keyOf(2)).toString('hex')]) {
    const outcomeAt = async (now: Date) => (await verifyKey(at(now), { resourceId: LIVE, digest })).outcome
    expect(await outcomeAt(new Date(until.getTime() - 1))).toBe('previous')
    expect(await outcomeAt(until)).toBe('retired')
  }
  // The pair is what apps hold, whatever the date.
  expect((await verify(at(inMs(999)), LIVE, keyOf(3))).outcome).toBe('previous')
})

test('a key that the resource never had is unknown and not accepted', async () => {
  expect(await verify(at(NOW), LIVE, keyOf(99))).toEqual({ outcome: 'unknown' })
  expect(await accepts(at(NOW), LIVE, keyOf(99))).toBe(false)
})

test('a live key is told apart from one that only shares its fingerprint', async () => {
  const digest = keyDigest(keyOf(4))
  digest[31] = (digest[31] ?? 0) ^ 1
  const request = { resourceId: LIVE, digest: digest.toString('hex') }
  expect(await verifyKey(at(NOW), request)).toEqual({ outcome: 'unknown' })
})

test.each(['', 'not a key', keyOf(4).toLowerCase(), `${keyOf(4)},${keyOf(3)}`, `${keyOf(4)} `])(
  'what is not a key at all is unknown: %o',
  async (text) => {
    expect(await verify(at(NOW), LIVE, text)).toEqual({ outcome: 'unknown' })
  },
)

test.each([
  ['nothing', ''],
  ['seven digits', fingerprint(keyOf(4)).slice(1)],
  ['nine digits', keyDigest(keyOf(4)).toString('hex').slice(0, 9)],
  ['a key', keyOf(4)],
  ['a digest with a space behind it', `${keyDigest(keyOf(4)).toString('hex')} `],
  ['a digest in base64', keyDigest(keyOf(4)).toString('base64')],
])('what is neither a digest nor a fingerprint is unknown: %s', async (_what, digest) => {
  expect(await verifyKey(at(NOW), { resourceId: LIVE, digest })).toEqual({ outcome: 'unknown' })
})

test.each([
  ['current', 4],
  ['in the second place', 3],
  ['an older one', 2],
] as const)('a revoked key is not accepted although it is %s', async (_where, version) => {
  expect(await verify(at(NOW), REVOKED, keyOf(version))).toEqual({ outcome: 'revoked', version })
  expect(await accepts(at(NOW), REVOKED, keyOf(version))).toBe(false)
})

test('the key and the filler that a revoke has made are accepted before Heroku confirms them', async () => {
  for (const version of [5, 6]) expect(await accepts(at(NOW), REVOKED, keyOf(version))).toBe(true)
})

test('a key that was pending when it was revoked is erased, known as revoked, and not accepted', async () => {
  const h = await startHarness()
  const keys = [2, 3, 4, 5, 6, 7].map((version) =>
    newKey(LIVE, version, { digest: keyDigest(keyOf(version)) }),
  )
  await storeResource(h.deps.db, 1, { state: live, keys })
  await revokeKeys(h.deps, { resourceId: LIVE, actor: { type: 'operator' } })
  expect((await findKeys(h.deps.db, LIVE)).map(({ version }) => version)).toEqual([4, 3, 2])
  for (const version of [5, 6]) {
    expect(await verify(h.deps, LIVE, keyOf(version))).toEqual({ outcome: 'revoked', version })
    expect(await accepts(h.deps, LIVE, keyOf(version))).toBe(false)
  }
})

test('an empty keyset knows no key', async () => {
  expect(await verify(at(NOW), EMPTY, keyOf(1))).toEqual({ outcome: 'unknown' })
})

test('the filler in the second place is accepted like the key it stands for', async () => {
  const id = await storeResource(db, 4, {
    keys: [1, 2].map((version) => newKey(uuid(4), version, { digest: keyDigest(keyOf(version)) })),
  })
  expect(await verify(at(NOW), id, keyOf(1))).toEqual({ outcome: 'previous', version: 1 })
  expect(await accepts(at(NOW), id, keyOf(1))).toBe(true)
})
