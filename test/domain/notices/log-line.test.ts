import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logLine } from '../../../src/domain/notices/log-line.ts'
import { NOTICE_KINDS, type Notice } from '../../../src/domain/notices/notice.ts'

const AT = new Date('2026-03-16T12:00:00Z')

function notice(more: Partial<Notice> = {}): Notice {
  return { id: 'r_1_x', kind: 'rotation-done', at: AT, seq: 1, text: 'A sentence.', facts: {}, ...more }
}

/** Reads logfmt back, as log viewers do: names, `=`, and values that are bare or stand between quotes. */
function read(line: string): [string, string][] {
  const pairs: [string, string][] = []
  let rest = line
  while (rest !== '') {
    const [whole = '', name = '', bare, quoted] =
      /^([\w.-]+)=(?:([^\s"=\\]+)|"((?:[^"\\]|\\.)*)")(?: |$)/.exec(rest) ?? []
    if (whole === '') throw new Error(`no pair at ${rest}`)
    const value =
      quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, (_, each) => LETTERS[each] ?? each)
    pairs.push([name, value])
    rest = rest.slice(whole.length)
  }
  return pairs
}
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

test('a notice is one line of logfmt, its kind first', () => {
  const facts = { addon: 'securekey-solid-1', reason: 'scheduled', version: 3, next: null, empty: '' }
  expect(logLine(notice({ facts }))).toBe(
    'securekey.rotation=done addon=securekey-solid-1 reason=scheduled version=3 id=r_1_x text="A sentence."',
  )
})

test.each(NOTICE_KINDS.map((kind) => [kind]))('a line says its kind: %s', (kind) => {
  expect(logLine(notice({ kind }))).toMatch(/^securekey\.[a-z-]+=[a-z-]+ id=/)
})

test.each([
  ['quotes', 'say "hello"', String.raw`name="say \"hello\""`],
  ['a line break', 'one\ntwo\r\n', String.raw`name="one\ntwo\r\n"`],
  ['an equals sign', 'a=b', 'name="a=b"'],
  ['a backslash', String.raw`a\b`, String.raw`name="a\\b"`],
  ['a terminal sequence', 'a\u001b[31mb', 'name="a[31mb"'],
])('%s in a name stays inside its value', (_words, name, pair) => {
  expect(logLine(notice({ facts: { name } }))).toBe(
    `securekey.rotation=done ${pair} id=r_1_x text="A sentence."`,
  )
})

test('whatever a value holds, it is read back as it was, and the line is one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      const line = logLine(notice({ facts: { name } }))
      expect(line).not.toMatch(/\p{Cc}/u)
      const printable = name.replace(/[^\P{Cc}\n\r\t]/gu, '')
      expect(read(line)).toContainEqual(['name', printable])
    }),
  )
})
