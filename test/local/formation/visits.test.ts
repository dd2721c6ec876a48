import { expect, test } from 'vitest'
import { keyChange } from '../../../local/formation/key-change.ts'
import {
  countVisit,
  describeVisits,
  type Happening,
  NO_VISITS,
  type Remark,
} from '../../../local/formation/visits.ts'

const [A, B, C, D] = ['A', 'B', 'C', 'D'].map((digit) => digit.repeat(64))

/** What is known and what was said after all of this. */
function live(...happenings: Happening[]) {
  let visits = NO_VISITS
  const remarks: Remark[] = []
  for (const happening of happenings) {
    const counted = countVisit(visits, happening)
    visits = counted.visits
    if (counted.remark) remarks.push(counted.remark)
  }
  return { ...visits, remarks, line: describeVisits(visits) }
}

const seen: Happening = { what: 'click', seen: 'logged-in', by: 'web.1 on v3' }
const out: Happening = { what: 'click', seen: 'logged-out', by: 'web.2 on v2' }
const nothing: Happening = { what: 'click', seen: 'nothing', by: 'nobody' }
const rotated: Happening = { what: 'release', change: 'rotated' }
const revoked: Happening = { what: 'release', change: 'revoked' }
const settled: Happening = { what: 'settled' }

test('a rotation without a logout is told once, when every process has it and the visitor was seen after that', () => {
  const { remarks } = live(seen, rotated, seen, settled, seen, seen)
  expect(remarks).toEqual([{ text: 'Ada was never logged out: 3 clicks, 1 rotation', tone: 'good' }])
})

test('a logout is told at the click at which it happens, with the process that did it', () => {
  const { remarks, logouts } = live(seen, rotated, seen, out, seen, settled, seen)
  expect(logouts).toBe(1)
  expect(remarks).toEqual([
    { text: 'Ada was logged out at click 3, by web.2 on v2; she logs in anew', tone: 'bad' },
    { text: 'Ada was logged out once: 5 clicks, 1 rotation', tone: 'warning' },
  ])
})

test('a login that a revoke ends is no logout, however often processes with other keys refuse each other', () => {
  const { remarks, logouts, ended, line } = live(revoked, out, out, settled, out, seen, seen)
  expect({ logouts, ended }).toEqual({ logouts: 0, ended: 1 })
  expect(remarks).toEqual([
    { text: 'Ada was logged out by the revoke, like everybody; she logs in anew', tone: 'good' },
  ])
  expect(line).toBe('Ada was never logged out, but once by a revoke: 5 clicks, 0 rotations')
})

test('a logout after a revoke is through counts again', () => {
  const { logouts, remarks } = live(revoked, out, settled, seen, out)
  expect(logouts).toBe(1)
  expect(remarks.map(({ text }) => text)).toEqual([
    'Ada was logged out by the revoke, like everybody; she logs in anew',
    'Ada was logged out at click 3, by web.2 on v2; she logs in anew',
  ])
})

test('a login that outlives a revoke is told as broken', () => {
  const { remarks, ended } = live(revoked, seen, settled, seen)
  expect(ended).toBe(0)
  expect(remarks).toEqual([{ text: 'Ada is still logged in: the revoke did not end her login', tone: 'bad' }])
})

test('clicks without a page are told once in a row, and are no logout', () => {
  const { logouts, unanswered, remarks } = live(nothing, nothing, seen, { ...nothing, by: 'web.2 on v2' })
  expect({ logouts, unanswered }).toEqual({ logouts: 0, unanswered: 3 })
  expect(remarks).toEqual([
    { text: 'Ada got no page at click 1: no process answers', tone: 'warning' },
    { text: 'Ada got no page at click 4: web.2 on v2 fails', tone: 'warning' },
  ])
})

test('a release that brings no new key is no rotation', () => {
  const { rotations, remarks } = live({ what: 'release', change: 'second-replaced' }, settled, seen)
  expect({ rotations, remarks }).toEqual({ rotations: 0, remarks: [] })
})

test.each([
  ['the same pair', `${A},${B}`, `${A},${B}`, 'none'],
  ['a rotation', `${A},${B}`, `${C},${A}`, 'rotated'],
  ['a filler', `${A},${B}`, `${A},${C}`, 'second-replaced'],
  ['a revoke', `${A},${B}`, `${C},${D}`, 'revoked'],
  ['a rollback', `${C},${A}`, `${A},${B}`, 'other'],
  ['the very first pair', undefined, `${A},${B}`, 'other'],
  ['a pair that is gone', `${A},${B}`, undefined, 'other'],
])('%s is seen in the values of the variable', (_, former, present, change) => {
  expect(keyChange(former, present)).toBe(change)
})
