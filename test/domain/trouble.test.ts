import { describe, expect, test } from 'vitest'
import {
  causeOf,
  type FailingResource,
  holdsBack,
  isCovered,
  isProved,
  type Operation,
  probeEveryMs,
  questionOf,
  type Trouble,
} from '../../src/domain/trouble.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const at = (ms: number) => new Date(Date.parse('2026-03-03T12:00:00Z') + ms)

/** A resource that failed first and last at these moments. */
function failing(resourceId: string, firstMs: number, lastMs = firstMs, operation: Operation = 'write') {
  return { resourceId, operation, firstAt: at(firstMs), lastAt: at(lastMs) } satisfies FailingResource
}

function trouble(
  failures: FailingResource[],
  succeeded: Partial<Record<Operation, number>> = {},
  verdictMs?: number,
): Trouble {
  const moment = (ms: number | undefined) => (ms === undefined ? null : at(ms))
  return {
    cause: 'api',
    verdictAt: moment(verdictMs),
    probeAt: at(0),
    failing: failures,
    succeededAt: {
      token: moment(succeeded.token),
      read: moment(succeeded.read),
      write: moment(succeeded.write),
    },
  }
}

const three = (ms = 0) => ['a', 'b', 'c'].map((id) => failing(id, ms))

describe('the cause that a failure may have beside its resource:', () => {
  test.each([
    ['write', 'unavailable', 503, 'api'],
    ['read', 'unavailable', undefined, 'api'],
    ['token', 'unavailable', 500, 'identity'],
    ['token', 'unauthorized', 401, 'account'],
    ['token', 'refused', 403, 'account'],
    ['token', 'missing', 404, 'account'],
    ['write', 'refused', 403, 'account'],
    ['read', 'unauthorized', 401, 'account'],
    ['write', 'refused', 422, undefined],
    ['read', 'missing', 404, undefined],
    ['write', 'mismatch', undefined, undefined],
    ['token', 'rate-limited', 429, undefined],
    ['write', 'held-back', undefined, undefined],
  ] as const)('%s, %s %s: %s', (operation, kind, status, cause) => {
    expect(causeOf(operation, { kind, detail: '', ...(status && { status }) })).toBe(cause)
  })
})

describe('that no resource is to blame is proved', () => {
  test('by three that fail with no success in between, and not by two', () => {
    expect(isProved(trouble(three()))).toBe(true)
    expect(isProved(trouble(three().slice(1)))).toBe(false)
    expect(isProved(trouble([failing('a', 0, 0, 'read'), ...three().slice(0, 2)]))).toBe(false)
  })

  test('not where a success came after them, nor by what Heroku still does', () => {
    expect(isProved(trouble(three(), { write: 1 }))).toBe(false)
    expect(isProved(trouble(three(), { read: 1, token: 1 }))).toBe(true)
  })

  test('not by three that have failed beside the success of others: a fourth one that fails anew proves it', () => {
    const broken = three().map((each) => ({ ...each, lastAt: at(HOUR) }))
    expect(isProved(trouble(broken, { write: MINUTE }))).toBe(false)
    expect(isProved(trouble([...broken, failing('d', HOUR)], { write: MINUTE }))).toBe(true)
  })

  test('by one that fails for ten minutes while nobody succeeds, and by no persistence beside a success', () => {
    expect(isProved(trouble([failing('a', 0, 10 * MINUTE - 1)]))).toBe(false)
    expect(isProved(trouble([failing('a', 0, 10 * MINUTE)]))).toBe(true)
    expect(isProved(trouble([failing('a', 0, HOUR)], { write: MINUTE }))).toBe(false)
    expect(isProved(trouble([failing('a', 10 * SECOND, HOUR)], { write: 0 }))).toBe(false)
  })
})

test('one that fails almost alone is covered by a verdict for a day; three or more are for as long as it lasts', () => {
  const alone = trouble([failing('a', 0, 100 * HOUR)], {}, 10 * MINUTE)
  expect(isCovered(alone, 'a', at(24 * HOUR - 1))).toBe(true)
  expect(isCovered(alone, 'a', at(24 * HOUR))).toBe(false)
  const many = trouble(
    three().map((each) => ({ ...each, lastAt: at(100 * HOUR) })),
    {},
    0,
  )
  expect(isCovered(many, 'a', at(100 * HOUR))).toBe(true)
  expect(isCovered({ ...many, verdictAt: null }, 'a', at(HOUR))).toBe(false)
})

test('calls of all are held back by three and a verdict; reads go on while only writes fail', () => {
  const proved = trouble(three(), {}, 0)
  expect([holdsBack(proved, 'write'), holdsBack(proved, 'read')]).toEqual([true, false])
  expect(holdsBack({ ...proved, verdictAt: null }, 'write')).toBe(false)
  expect(holdsBack(trouble([failing('a', 0, HOUR)], {}, HOUR), 'write')).toBe(false)
  const reads = trouble(
    ['a', 'b', 'c'].map((id) => failing(id, 0, 0, 'read')),
    {},
    0,
  )
  expect([holdsBack(reads, 'write'), holdsBack(reads, 'read')]).toEqual([true, true])
})

test('another resource is asked for tokens or for its config, and never written to', () => {
  expect(questionOf(trouble([failing('a', 0, 0, 'read')]))).toBe('read')
  expect(questionOf(trouble([failing('a', 0, 0, 'token')]))).toBe('token')
  expect(questionOf(trouble([failing('a', 0, 0, 'write')]))).toBeUndefined()
  // Known to be its own.
  expect(questionOf(trouble([failing('a', 0, HOUR, 'read')], { read: MINUTE }))).toBeUndefined()
})

test('whether it is over is tried every 15 seconds, and every 45 once it has lasted for ten minutes', () => {
  expect(probeEveryMs({ verdictAt: null }, at(HOUR))).toBe(15 * SECOND)
  expect(probeEveryMs({ verdictAt: at(HOUR) }, at(HOUR + 10 * MINUTE))).toBe(15 * SECOND)
  expect(probeEveryMs({ verdictAt: at(0) }, at(HOUR))).toBe(45 * SECOND)
})
