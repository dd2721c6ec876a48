import { expect, test } from 'vitest'
import { noticeFrom, SEVERE_ROWS, TOLD_KINDS } from '../../../src/domain/notices/from-history.ts'
import { isSevere } from '../../../src/domain/notices/notice.ts'

test('collaborators are woken by the history rows of which severe notices are made, and by no others', () => {
  const at = new Date('2026-03-03T12:00:00Z')
  const made = TOLD_KINDS.filter((kind) => {
    const notice = noticeFrom({ seq: 1, at, kind, actor: { type: 'worker' } }, { resourceId: 'r', name: 'n' })
    return notice !== undefined && isSevere(notice)
  })
  expect(SEVERE_ROWS.filter((kind) => TOLD_KINDS.includes(kind)).toSorted()).toEqual(made.toSorted())
})
