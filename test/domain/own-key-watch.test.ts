import { describe, expect, test } from 'vitest'
import type { KmsFailure, KmsKeyFacts, KmsResult } from '../../src/domain/kms.ts'
import {
  afterOwnKeyLook,
  type Finding,
  findingOf,
  isClosed,
  OWN_KEY_STATES,
  type OwnKey,
} from '../../src/domain/own-key-watch.ts'

const START = new Date('2026-03-03T12:00:00Z')
const at = (seconds: number) => new Date(START.getTime() + seconds * 1_000)
const fresh: OwnKey = {
  state: 'active',
  since: START,
  deadline: null,
  signalAt: null,
  isDeleting: false,
  said: null,
}

const USABLE: Finding = { finding: 'usable' }
const DISABLED: Finding = { finding: 'withdrawn', sure: true, isDeleting: false, said: 'Disabled' }
const DELETING: Finding = { finding: 'withdrawn', sure: true, isDeleting: true, said: 'PendingDeletion' }
const ODD: Finding = { finding: 'withdrawn', sure: false, isDeleting: false, said: 'KeyUnavailable' }
const REFUSED: Finding = { finding: 'refused', isGone: false, said: 'AccessDenied' }
const GONE: Finding = { finding: 'refused', isGone: true, said: 'NotFound' }
const UNKNOWN: Finding = { finding: 'unknown', said: 'throttled' }

/** Looks at a key at these seconds, and returns what it came to and which changes there were. */
function lived(...looks: [seconds: number, finding: Finding][]) {
  let key = fresh
  const changes: [number, string][] = []
  for (const [seconds, finding] of looks) {
    const { to, change } = afterOwnKeyLook(key, finding, at(seconds))
    if (change) changes.push([seconds, change])
    key = to
  }
  return { key, changes }
}

describe('a key that AWS says is disabled', () => {
  test('waits ten minutes from the first sight of it, and is suspended by a look after that', () => {
    const { key } = lived([0, DISABLED])
    expect(key).toMatchObject({ state: 'waiting', deadline: at(600), said: 'Disabled' })
    expect(lived([0, DISABLED], [599, DISABLED]).key.state).toBe('waiting')
    expect(lived([0, DISABLED], [600, DISABLED])).toMatchObject({
      key: { state: 'suspended', deadline: null },
      changes: [[600, 'suspended']],
    })
  })

  test('is looked at again when its ten minutes are over, and not a half minute later', () => {
    const { key } = lived([0, DISABLED])
    expect(afterOwnKeyLook(key, DISABLED, at(100)).againInMs).toBe(30_000)
    expect(afterOwnKeyLook(key, DISABLED, at(590)).againInMs).toBe(10_000)
  })

  test('that works again within them was never withdrawn, and the next time counts from its own beginning', () => {
    const back = lived([0, DISABLED], [599, USABLE])
    expect(back).toMatchObject({ key: { state: 'active', deadline: null, said: null }, changes: [] })
    expect(lived([0, DISABLED], [599, USABLE], [610, DISABLED]).key.deadline).toEqual(at(1_210))
  })

  test('over and over around the deadline is suspended only where a look behind it says so', () => {
    const flapping = lived([0, DISABLED], [300, USABLE], [310, DISABLED], [600, DISABLED], [905, USABLE])
    expect(flapping).toMatchObject({ key: { state: 'active' }, changes: [] })
  })
})

test('one odd word proves nothing; a second one half a minute later does, and the time counts from the first', () => {
  expect(lived([0, ODD]).key).toMatchObject({ state: 'active', signalAt: START })
  expect(lived([0, ODD], [10, ODD]).key.state).toBe('active')
  expect(lived([0, ODD], [30, REFUSED]).key).toMatchObject({ state: 'waiting', deadline: at(600) })
  expect(lived([0, ODD], [20, USABLE], [40, ODD]).key.state).toBe('active')
  expect(lived([0, ODD], [400, ODD]).key).toMatchObject({ state: 'active', signalAt: at(400) })
})

test('nothing that is unknown changes a state, however long it lasts', () => {
  expect(lived([0, UNKNOWN], [9_000, UNKNOWN]).key).toEqual(fresh)
  expect(lived([0, DISABLED], [700, UNKNOWN], [7_000, UNKNOWN]).key.state).toBe('waiting')
  expect(lived([0, DISABLED], [600, DISABLED], [700, UNKNOWN]).key.state).toBe('suspended')
  expect(lived([0, DISABLED], [600, DISABLED], [700, USABLE], [760, UNKNOWN]).key.state).toBe('restoring')
})

test('a suspended key is restored by two good looks half a minute apart, and by nothing less', () => {
  const suspended = [
    [0, DISABLED],
    [600, DISABLED],
  ] as [number, Finding][]
  expect(lived(...suspended, [700, USABLE])).toMatchObject({
    key: { state: 'restoring' },
    changes: [[600, 'suspended']],
  })
  expect(lived(...suspended, [700, USABLE], [710, USABLE]).key.state).toBe('restoring')
  expect(lived(...suspended, [700, USABLE], [720, DISABLED])).toMatchObject({
    key: { state: 'suspended' },
    changes: [[600, 'suspended']],
  })
  expect(lived(...suspended, [700, USABLE], [730, USABLE])).toMatchObject({
    key: { state: 'active', said: null },
    changes: [
      [600, 'suspended'],
      [730, 'restored'],
    ],
  })
})

test('a key is lost when it is gone after it was to be deleted, and only then', () => {
  const suspended = [
    [0, DELETING],
    [600, DELETING],
  ] as [number, Finding][]
  expect(lived(...suspended, [9_000, GONE])).toMatchObject({
    key: { state: 'lost' },
    changes: [
      [600, 'suspended'],
      [9_000, 'lost'],
    ],
  })
  expect(lived(...suspended, [9_000, REFUSED]).key.state).toBe('suspended')
  expect(lived([0, DISABLED], [600, DISABLED], [9_000, GONE]).key.state).toBe('suspended')
  expect(
    lived(...suspended, [700, USABLE], [760, USABLE], [800, GONE], [840, GONE], [1_500, GONE], [1_600, GONE])
      .key.state,
  ).toBe('suspended')
})

test('what an active or a waiting key protects is open, and what any other protects is closed', () => {
  expect(OWN_KEY_STATES.filter(isClosed)).toEqual(['suspended', 'restoring', 'lost'])
})

describe('a look takes the worse of what AWS describes and what it opens', () => {
  const described = (state: string): KmsResult<KmsKeyFacts> => ({
    ok: true,
    value: { manager: 'CUSTOMER', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', state },
  })
  const failed = (right: KmsFailure['right'], kind: KmsFailure['kind'], detail = 'X'): KmsResult<never> => ({
    ok: false,
    failure: { kind, right, detail },
  })
  const opened: KmsResult<null> = { ok: true, value: null }
  const open = (kind: KmsFailure['kind'], detail?: string) => failed('kms:Decrypt', kind, detail)
  const describeFails = (kind: KmsFailure['kind'], detail?: string) => failed('kms:DescribeKey', kind, detail)

  test.each<[string, KmsResult<KmsKeyFacts>, KmsResult<unknown>, object]>([
    ['both good', described('Enabled'), opened, USABLE],
    ['an update under way, and it opens', described('Updating'), opened, USABLE],
    ['nobody knows how to describe it, and it opens', describeFails('unsupported'), opened, USABLE],
    [
      'disabled, though it opens',
      described('Disabled'),
      opened,
      { finding: 'withdrawn', sure: true, said: 'Disabled' },
    ],
    [
      'to be deleted',
      described('PendingDeletion'),
      open('withdrawn'),
      { finding: 'withdrawn', isDeleting: true },
    ],
    [
      'enabled, and refused for its state',
      described('Enabled'),
      open('withdrawn'),
      { finding: 'withdrawn', sure: false },
    ],
    [
      'enabled, and we may not',
      described('Enabled'),
      open('refused', 'AccessDeniedException'),
      { finding: 'refused', isGone: false },
    ],
    [
      'gone',
      describeFails('refused', 'NotFoundException (status 400)'),
      open('refused', 'NotFoundException'),
      { finding: 'refused', isGone: true },
    ],
    ['enabled, and AWS is away', described('Enabled'), open('outage'), { finding: 'unknown' }],
    ['our credentials', describeFails('credentials'), open('credentials'), { finding: 'unknown' }],
    ['altered data', described('Enabled'), open('wrong'), { finding: 'unknown' }],
    ['away, and withdrawn', describeFails('outage'), open('withdrawn'), { finding: 'withdrawn' }],
    ['nobody knows how to open it', described('Enabled'), open('unsupported'), { finding: 'unknown' }],
  ])('%s', (_name, description, opening, finding) => {
    expect(findingOf(description, opening)).toMatchObject(finding)
  })
})
