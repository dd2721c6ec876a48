import { expect, test } from 'vitest'
import { readNotices } from '../../../clients/heroku-cli/src/answers/notices.ts'
import { targetWords } from '../../../clients/heroku-cli/src/shown/notices.ts'
import { NOW } from './support/still-surroundings.ts'

const AGO = new Date(NOW.getTime() - 2 * 86_400_000).toISOString()
const target = (changes: Record<string, unknown>) =>
  readNotices({
    log: { failing_since: null, last_failure: null, given_up_at: null, ...changes },
    newest: [],
  }).log

test.each([
  ['on', {}],
  ['on, nothing arrives since', { failing_since: AGO, last_failure: 'no answer' }],
  ['on, given up', { given_up_at: AGO, last_failure: 'no answer' }],
  ['on', { given_up_at: AGO }],
])('the log of an app is said to be: %s', (words, changes) => {
  const said = targetWords(target(changes), NOW)
  expect(said.startsWith(words)).toBe(true)
  if ('last_failure' in changes) expect(said).toMatch(/2 days ago\)?: no answer$/)
})

test('a log that is switched off is said to be off, and what an answer holds is cleaned', () => {
  const at = NOW.toISOString()
  const read = readNotices({ log: null, newest: [{ at, kind: 'rotation-done', text: 'a\u001b[31mb' }] })
  expect(targetWords(read.log, NOW)).toBe('off')
  expect(read.newest).toEqual([{ at: NOW, kind: 'rotation-done', text: 'a [31mb' }])
})
