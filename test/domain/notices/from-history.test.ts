import { describe, expect, test } from 'vitest'
import type { HistoryKind, HistoryRow } from '../../../src/domain/history.ts'
import { noticeFrom, TOLD_KINDS } from '../../../src/domain/notices/from-history.ts'
import { logLine } from '../../../src/domain/notices/log-line.ts'
import { isSevere } from '../../../src/domain/notices/notice.ts'

const SUBJECT = { resourceId: '01234567-89ab-4cde-8f01-000000000001', name: 'securekey-solid-1' }
const AT = new Date('2026-03-17T12:00:07Z')
const ANN = {
  type: 'person',
  userId: 'u',
  email: 'ann@example.com',
  verified: true,
  address: '192.0.2.7',
} as const
const CLIENT = { type: 'client', id: 'c1', name: 'billing', address: '192.0.2.8' } as const
const KEY = { version: 3, fingerprint: '0a1b2c3d' }

function row(kind: HistoryKind, more: Partial<HistoryRow> = {}): HistoryRow {
  return { seq: 9, at: AT, kind, actor: ANN, ...more }
}

const textOf = (of: HistoryRow) => noticeFrom(of, SUBJECT)?.text

describe('a notice', () => {
  test('has the same id whenever it is made, of letters, digits, - and _ alone', () => {
    const made = row('token-made')
    const [first, second] = [
      noticeFrom(made, SUBJECT),
      noticeFrom({ ...made }, { ...SUBJECT, name: 'renamed-1' }),
    ]
    expect(first?.id).toBe(second?.id)
    expect(first?.id).toMatch(/^[\w-]+$/)
  })

  test('has another id where a restored database gives the number of its row away again', () => {
    const again = row('token-made', { at: new Date(AT.getTime() + 1) })
    expect(noticeFrom(again, SUBJECT)?.id).not.toBe(noticeFrom(row('token-made'), SUBJECT)?.id)
  })

  test('is made of each kind that stands in the list, even where a row lacks what it might say', () => {
    for (const kind of TOLD_KINDS) {
      const details = { why: 'Ann was never here before.' }
      const notice = noticeFrom(row(kind, { details }), { ...SUBJECT, name: null })
      expect(notice?.facts.addon).toBe(SUBJECT.resourceId)
      expect(notice?.text).toMatch(/^.{20,600}\.$/)
    }
  })

  test.each(TOLD_KINDS)('says each name once in the line of a log: %s', (kind) => {
    const details = { id: 'ma_0123456789abcdef', why: 'Ann was never here before.' }
    const notice = noticeFrom(row(kind, { details }), SUBJECT)
    const names =
      notice &&
      logLine(notice)
        .replace(/"(?:[^"\\]|\\.)*"/g, '')
        .match(/[\w.-]+(?==)/g)
    expect(names).toContain('id')
    expect(names).toEqual([...new Set(names)])
  })

  test.each<HistoryKind>(['signed-in', 'key-revealed', 'access-token-refreshed', 'renamed', 'keys-erased'])(
    'is not made of what is no matter of anybody else: %s',
    (kind) => {
      expect(noticeFrom(row(kind), SUBJECT)).toBeUndefined()
    },
  )
})

describe('the sentence', () => {
  test('of a rotation says which key signs, who asked for it, and when the next is due', () => {
    const rotation = {
      reason: 'scheduled',
      dueAt: AT,
      openedAt: AT,
      nextRotationAt: new Date('2026-03-31T12:00:00Z'),
    } as const
    expect(textOf(row('rotated', { actor: { type: 'worker' }, key: KEY, rotation }))).toBe(
      'securekey-solid-1 was rotated to key 0a1b2c3d (version 3), asked for by the schedule; the next one is due on 2026-03-31 12:00 UTC.',
    )
  })

  test.each<[HistoryRow, string]>([
    [
      row('windows-changed', { details: { from: '', to: 'sat 22:00-02:00 UTC' } }),
      'The windows of securekey-solid-1 were changed from none to sat 22:00-02:00 UTC by ann@example.com.',
    ],
    [
      row('schedule-paused', { details: { until: null, reason: 'launch' } }),
      'The schedule of securekey-solid-1 was paused by ann@example.com until somebody resumes it: “launch”.',
    ],
    [
      row('freeze-added', {
        details: {
          from: '2026-12-01T00:00:00Z',
          until: '2026-12-27T00:00:00Z',
          zone: 'UTC',
          reason: 'Christmas',
        },
      }),
      'A freeze of securekey-solid-1 was added (from 2026-12-01 00:00 UTC until 2026-12-27 00:00 UTC) by ann@example.com: “Christmas”.',
    ],
    [
      row('token-made', { details: { name: 'deploy', scopes: 'read, rotate', token: 't1' } }),
      'The API token “deploy” of securekey-solid-1 was made by ann@example.com, and may: read, rotate.',
    ],
    [
      row('client-came-back', { actor: CLIENT, key: KEY }),
      'The client “billing” was refused the keys of securekey-solid-1: it came back with an older key.',
    ],
    [
      row('rotation-stuck', { failures: [{ at: '', kind: 'unavailable', detail: '' }] }),
      'The rotation of securekey-solid-1 is stuck (Heroku did not answer in time): we try again about once a day, and your apps keep the keys that they have.',
    ],
  ])('of a row says what happened: $0.kind', (of, sentence) => {
    expect(textOf(of)).toBe(sentence)
  })
})

test('what is about keys, access and foreign values is severe, and a rotation that was done is not', () => {
  const severe = (kind: HistoryKind) => {
    const notice = noticeFrom(row(kind), SUBJECT)
    return notice && isSevere(notice)
  }
  expect((['keys-revoked', 'config-foreign', 'grant-lost', 'rotation-stuck'] as const).map(severe)).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect((['rotated', 'windows-changed', 'token-made'] as const).map(severe)).toEqual([false, false, false])
})
