import { describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import {
  DAY,
  entry,
  HOUR,
  iso,
  keyringBody,
  keyText,
  kidOf,
  MINUTE,
  PAIR,
  ROTATED,
  ringAt,
  type World,
} from './support/rings.ts'

const first = kidOf(5)
const second = kidOf(4)
const kidIn = (token: string) => token.split('.')[1]
const purpose = 'login'
const sign = entry.sign(5)

describe('a process that has just restarted signs with the second key', () => {
  test('tokens, lists and derived keys alike', () => {
    const { ring } = ringAt()
    expect(ring.kid).toBe(second)
    expect(kidIn(ring.sign('x', { purpose, expiresIn: '1d' }))).toBe(second)
    expect(ring.secrets()).toEqual([keyText(4), keyText(5)])
    expect(ring.derive(purpose)).toEqual(ring.derive(purpose, { kid: second }))
  })

  test('for ten minutes from its own start, however late that is after the rotation', () => {
    const { ring, clock } = ringAt({ at: 5 * HOUR })
    clock.ms += 10 * MINUTE - 1
    expect(ring.kid).toBe(second)
    clock.ms += 1
    expect(ring.kid).toBe(first)
    expect(kidIn(ring.sign('x', { purpose, expiresIn: '1d' }))).toBe(first)
    expect(ring.secrets()).toEqual([keyText(5), keyText(4)])
  })

  test('for as long as the app says', () => {
    const { ring, clock } = ringAt({}, { settle: 30 })
    clock.ms += 30_000 - 1
    expect(ring.kid).toBe(second)
    clock.ms += 1
    expect(ring.kid).toBe(first)
  })

  test('again if its clock is put back', () => {
    const { ring, clock } = ringAt()
    clock.ms += 10 * MINUTE
    expect(ring.kid).toBe(first)
    clock.ms -= 1
    expect(ring.kid).toBe(second)
  })

  test.each(['scheduled', 'manual', 'plan-change', 'something-new'])(
    'after a rotation that is %s',
    (reason) => {
      expect(ringAt({ told: { reason } }).ring.kid).toBe(second)
    },
  )

  test('up to six hours after the rotation', () => {
    expect(ringAt({ at: 6 * HOUR - 1 }).ring.kid).toBe(second)
  })

  test('if its clock is behind by five minutes', () => {
    expect(ringAt({ at: -5 * MINUTE }).ring.kid).toBe(second)
  })

  test('what ends before the second key does, to the millisecond', () => {
    const until = ROTATED + HOUR + 60_000
    const { ring } = ringAt({ told: { keys: [sign, entry.verify(4, until)] } })
    expect(kidIn(ring.sign('x', { purpose, expiresIn: 60 }))).toBe(second)
    expect(kidIn(ring.sign('x', { purpose, expiresIn: 61 }))).toBe(first)
    expect(ring.secrets({ life: 60 })).toEqual([keyText(4), keyText(5)])
    expect(ring.secrets({ life: 61 })).toEqual([keyText(5), keyText(4)])
    // A list without a life is for the guaranteed one.
    expect(ring.secrets()).toEqual([keyText(5), keyText(4)])
    expect(ring.kid).toBe(first)
  })

  test('a token ends in the second that its exp says, so a part of a second does not matter', () => {
    const until = ROTATED + HOUR + 60_000
    const { ring } = ringAt({ at: HOUR + 999, told: { keys: [sign, entry.verify(4, until)] } })
    expect(kidIn(ring.sign('x', { purpose, expiresIn: 60 }))).toBe(second)
    expect(ring.secrets({ life: 60 })).toEqual([keyText(5), keyText(4)])
  })
})

describe('it signs with the first key at once', () => {
  test.each<[string, World]>([
    ['after a revoke', { told: { reason: 'revoke' } }],
    ['when the add-on is new', { told: { reason: 'provision' } }],
    ['if the second key is a filler', { told: { keys: [sign] } }],
    ['six hours after the rotation', { at: 6 * HOUR }],
    ['if the rotation is more than five minutes ahead', { at: -5 * MINUTE - 1 }],
    ['without a keyring', { told: null }],
    ['if the keyring is wrong', { told: '{' }],
    ['if the keyring is of another form', { told: { v: 2 } }],
    ['if the keyring is for other keys', { pair: `${keyText(6)},${keyText(5)}` }],
    ['if it started long ago', { startedAt: -DAY }],
    [
      'if the second key ends before what it signs',
      { told: { keys: [sign, entry.verify(4, ROTATED + 7 * DAY)] } },
    ],
  ])('%s', (_, world) => {
    const { ring } = ringAt(world)
    expect(ring.kid).toBe(kidOf(world.pair === undefined ? 5 : 6))
    expect(kidIn(ring.sign('x', { purpose, expiresIn: ring.guaranteedLife }))).toBe(ring.kid)
    expect(ring.secrets()[0]).toBe(keyText(world.pair === undefined ? 5 : 6))
  })

  test('if the app turns the settle time off, even if its clock was put back behind its start', () => {
    const { ring, clock } = ringAt({}, { settle: 0 })
    expect(ring.kid).toBe(first)
    clock.ms -= 1
    expect(ring.kid).toBe(first)
  })
})

test('whatever signs, both keys are accepted', () => {
  for (const world of [{}, { startedAt: -DAY }, { told: { reason: 'revoke' } }, { told: null }]) {
    const { ring } = ringAt(world)
    expect(ring.secrets().toSorted()).toEqual([keyText(4), keyText(5)].toSorted())
  }
})

test('a process that has not restarted accepts what a restarted one signs in its settle time', () => {
  const stale = ringAt({ pair: `${keyText(4)},${keyText(3)}`, told: null }).ring
  const { ring, clock } = ringAt()
  const signed = ring.sign('user-17', { purpose, expiresIn: '1h' })
  expect(stale.verify(signed, { purpose })).toMatchObject({ ok: true, renew: false })
  expect(ring.verify(signed, { purpose })).toMatchObject({ ok: true, renew: false })
  // Afterwards the restarted process takes it over to the first key.
  clock.ms += 10 * MINUTE
  expect(ring.verify(signed, { purpose })).toMatchObject({ ok: true, renew: true })
})

test('a process starts when it started, not when the ring is made', () => {
  const startedAt = Date.now() - process.uptime() * 1_000
  const keys = [sign, entry.verify(4, startedAt + 30 * DAY)]
  const keyringValue = JSON.stringify(keyringBody({ keys, rotated_at: iso(startedAt - 1_000) }))
  const kidAt = (now: number) => keyring({ value: PAIR, keyringValue, now: () => now }).kid
  expect(kidAt(startedAt + 599_000)).toBe(second)
  expect(kidAt(startedAt + 601_000)).toBe(first)
})
