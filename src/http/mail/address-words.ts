import type { AddOutcome } from '../../flows/notices/mail/ask-address.ts'

/** What somebody is told whose wish for an address is refused. */
export function addressWords(asked: Exclude<AddOutcome, { outcome: 'asked' }>): string {
  switch (asked.outcome) {
    case 'too-many':
      return `An add-on has ${asked.most} mail addresses at the most. Remove one first.`
    case 'asked-too-often':
      return 'This address, or this add-on, has been sent as many links as a day allows. Try again tomorrow.'
    case 'there-already':
      return 'Notices are mailed to this address already, or it waits to be confirmed.'
    case 'absent':
      return 'The add-on has no mail address of that id.'
    case 'off':
      return 'This service sends no mail.'
    case 'signed-out':
      return 'Your session has ended.'
  }
}
