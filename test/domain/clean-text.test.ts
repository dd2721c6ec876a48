import { describe, expect, test } from 'vitest'
import { cleanAddress, cleanLines, cleanText, LONGEST_TEXT } from '../../src/domain/clean-text.ts'

describe('a text from outside', () => {
  test.each([
    [
      'what people write',
      'Ann O’Neil <ann@example.com> – “safe” 日本語 👩‍👩‍👧',
      'Ann O’Neil <ann@example.com> – “safe” 日本語 👩‍👩‍👧',
    ],
    ['colours', 'a\u001b[31;1mred\u001b[0m', 'ared'],
    ['what clears the screen', '\u001b[2J\u001b[Hpwned', 'pwned'],
    ['a title of the window', '\u001b]0;title\u0007x', 'x'],
    ['a link', '\u001b]8;;https://evil.example\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['eight-bit sequences', 'a\u009b31mb\u009d0;t\u009cc', 'abc'],
    ['a sequence without an end', 'a\u001b[31', 'a'],
    ['lines', 'one\r\ntwo\u2028three\tfour', 'one two three four'],
    ['zeros and bells', 'a\u0000\u0007b', 'ab'],
    ['a turned direction', 'a\u202egpj.exe\u2066b\u2069', 'agpj.exeb'],
    ['what cannot be seen', 'a\u200b\ufeff\u00adb', 'ab'],
    ['half a character', 'a\ud83d', 'a\ufffd'],
    ['space around it', '  a  ', 'a'],
  ])('is one harmless line: %s', (_what, text, clean) => {
    expect(cleanText(text)).toBe(clean)
    expect(cleanText(clean)).toBe(clean)
  })

  test('is bounded in characters, and never cut in the middle of one', () => {
    expect(cleanText('x'.repeat(9_000))).toBe(`${'x'.repeat(LONGEST_TEXT - 1)}…`)
    expect(cleanText('👍'.repeat(10), 4)).toBe('👍👍👍…')
    expect([...cleanText('\u001b['.repeat(1_000_000))]).toHaveLength(0)
  })
})

test('of several lines the breaks and the indentation stay', () => {
  expect(cleanLines('keys\n  1  \u001b[31mred\n')).toBe('keys\n  1  red\n')
})

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:203.0.113.9', '::ffff:203.0.113.9'],
  ['unknown', null],
  ['203.0.113.9\n', null],
  ['\u001b[2J', null],
  ['1'.repeat(9_000), null],
  [undefined, null],
])('the address %j is kept as %j', (address, kept) => {
  expect(cleanAddress(address)).toBe(kept)
})
