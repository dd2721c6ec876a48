import { describe, expect, test } from 'vitest'
import { likelyMailbox, maskedAddress, readMailAddress } from '../../src/domain/mail-address.ts'

describe('one plain mail address is taken', () => {
  test.each([
    ['ann@example.com', 'ann@example.com'],
    ['  Ann.Lee+keys@Example.COM ', 'Ann.Lee+keys@example.com'],
    ["o'neill_{x}@sub.example.co.uk", "o'neill_{x}@sub.example.co.uk"],
    ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
    ['ann@例え.テスト', 'ann@xn--r8jz45g.xn--zckzah'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
  ])('%s', (text, address) => {
    expect(readMailAddress(text)).toEqual({ address })
  })
})

describe('nothing else is', () => {
  test.each([
    '',
    'ann',
    '@example.com',
    'ann@',
    'ann@localhost',
    'ann@example.com, bob@example.com',
    'ann@example.com;bob@example.com',
    'ann@example.com bob@example.com',
    'ann@example.com\nBcc: bob@example.com',
    'ann@example.com\r\nRCPT TO:<bob@example.com>',
    'ann\u0000@example.com',
    'Ann <ann@example.com>',
    '<ann@example.com>',
    'ann@example.com>',
    '"ann lee"@example.com',
    '"a@b"@example.com',
    'ann(comment)@example.com',
    'a@b@example.com',
    '.ann@example.com',
    'ann.@example.com',
    'a..b@example.com',
    'änn@example.com',
    'ann@[127.0.0.1]',
    'ann@127.0.0.1',
    'ann@0x7f.1',
    'ann@2130706433',
    'ann@example.com/path',
    'ann@example.com:25',
    'ann@example.com?x',
    'ann@example.com#x',
    'ann@ex%61mple.com',
    'ann@exam\u202eple.com ',
    'ann@-example.com',
    'ann@example-.com',
    'ann@example..com',
    'ann@example.com.',
    'ann@example.1',
    `${'a'.repeat(65)}@example.com`,
    `ann@${'a'.repeat(64)}.com`,
    `ann@${'a.'.repeat(130)}com`,
  ])('%j', (text) => {
    expect(readMailAddress(text)).toEqual({ problem: expect.stringContaining('one mail address') })
  })
})

test('a masked address can be known again and not be written to', () => {
  expect(maskedAddress('ann.lee@example.com')).toBe('a…@example.com')
})

test('spellings that lead to one mailbox count as one', () => {
  const spellings = [
    'ann.lee@example.com',
    'annlee@example.com',
    'Ann.Lee+x@Example.com',
    'a.n.n.lee+y+z@example.com',
  ]
  expect(new Set(spellings.map(likelyMailbox)).size).toBe(1)
  expect(likelyMailbox('ann@example.com')).not.toBe(likelyMailbox('ann@example.org'))
  expect(likelyMailbox('+x@example.com')).toBe('+x@example.com')
})
