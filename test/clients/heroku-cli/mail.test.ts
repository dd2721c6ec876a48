import { expect, test } from 'vitest'
import { addressNamed, isLinkSent, readMailReaders } from '../../../clients/heroku-cli/src/answers/mail.ts'
import { collaboratorWords, mailRow } from '../../../clients/heroku-cli/src/shown/mail.ts'

const ANN = {
  id: 'ma_0123456789abcdef',
  address: 'ann@example.com',
  state: 'unconfirmed',
  added_at: '2026-03-03T12:00:00.000Z',
  confirm_by: '2026-03-06T12:00:00.000Z',
  confirmed_at: null,
  trouble: null,
}
const TROUBLE = 'the mail server refuses this address (550)'
const REFUSED = {
  ...ANN,
  id: 'ma_00000000000000aa',
  address: 'bob@example.com',
  state: 'refused',
  confirm_by: null,
  trouble: TROUBLE,
}
const answer = (more: object = {}) => ({
  mail_is_sent: true,
  addresses: [ANN, REFUSED],
  collaborators: { told_at: null, reached: 0, unreached: 0 },
  ...more,
})

test('an address is listed with what it waits for, or why nothing is mailed there', () => {
  const rows = readMailReaders(answer()).addresses.map(mailRow)
  expect(rows).toMatchObject([
    { address: 'ann@example.com', state: 'unconfirmed', note: 'to be confirmed by 2026-03-06 12:00 UTC' },
    { address: 'bob@example.com', state: 'refused', note: TROUBLE },
  ])
})

test('an address is named by its id or as it is written', () => {
  const { addresses } = readMailReaders(answer())
  expect(addressNamed(addresses, 'ANN@example.com').id).toBe(ANN.id)
  expect(addressNamed(addresses, REFUSED.id).address).toBe('bob@example.com')
  expect(() => addressNamed(addresses, 'carl@example.com')).toThrow(/no such address/)
})

test('it is said who else is mailed, and where no mail is sent', () => {
  expect(collaboratorWords(readMailReaders(answer()))).toBe(
    'Heroku’s collaborators are mailed what is severe.',
  )
  const told = { told_at: '2026-03-03T12:00:00.000Z', reached: 2, unreached: 1 }
  expect(collaboratorWords(readMailReaders(answer({ collaborators: told })))).toContain('2 reached, 1 not')
  expect(collaboratorWords(readMailReaders(answer({ mail_is_sent: false })))).toBe(
    'This service sends no mail.',
  )
  expect(isLinkSent({ link_sent: true })).toBe(true)
  expect(isLinkSent({})).toBe(false)
  expect(() => readMailReaders(answer({ addresses: null }))).toThrow(/does not know \(addresses\)/)
})
