import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Entry } from '../../local/entry.ts'
import { createPaint } from '../../local/layout.ts'
import { createTerminal } from '../../local/terminal.ts'

const AT = new Date(2026, 2, 3, 12, 0, 5)
const entry = (more: Partial<Entry> = {}): Entry => ({
  at: AT,
  rank: 1,
  who: 'service-1',
  text: 'release v3',
  details: ['SECURE_KEY=A,B'],
  ...more,
})

function written(isTerminal: boolean, noColor: string | undefined, ...entries: Entry[]): string {
  let text = ''
  const terminal = createTerminal(
    (part) => {
      text += part
    },
    createPaint(isTerminal, noColor),
  )
  for (const each of entries) terminal.print(each)
  return text
}

test('time, who and what stand in columns, details below', () => {
  expect(written(false, undefined, entry())).toBe(
    '12:00:05  service-1  release v3\n          SECURE_KEY=A,B\n',
  )
})

test('colours are for a terminal only, and NO_COLOR turns them off; the words are the same', () => {
  const plain = written(false, undefined, entry({ tone: 'bad' }))
  expect(plain).not.toContain('\u001b')
  expect(written(true, '1', entry({ tone: 'bad' }))).toBe(plain)
  const coloured = written(true, undefined, entry({ tone: 'bad' }))
  expect(coloured).toContain('\u001b')
  expect(stripVTControlCharacters(coloured)).toBe(plain)
})

test('what happens after a pause begins with an empty line', () => {
  const later = entry({ at: new Date(AT.getTime() + 25_000), details: [] })
  expect(written(false, undefined, entry({ details: [] }), later)).toBe(
    '12:00:05  service-1  release v3\n\n12:00:30  service-1  release v3\n',
  )
})
