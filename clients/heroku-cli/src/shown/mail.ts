import type { MailAddress, MailReaders } from '../answers/mail.ts'
import { dateWords } from '../words/moment.ts'

/** A row of `securekey:mail`. */
export type MailRow = Readonly<Record<'id' | 'address' | 'state' | 'added' | 'note', string>>

export function mailRow({ id, address, state, addedAt, confirmBy, trouble }: MailAddress): MailRow {
  const waits = confirmBy ? `to be confirmed by ${dateWords(confirmBy)}` : ''
  return { id, address, state, added: dateWords(addedAt), note: trouble ?? waits }
}

/** Who else is mailed. */
export function collaboratorWords({ collaborators, mailIsSent }: MailReaders): string {
  if (!mailIsSent) return 'This service sends no mail.'
  const { toldAt, reached, unreached } = collaborators
  const told = toldAt ? ` Last ${dateWords(toldAt)}: ${reached} reached, ${unreached} not.` : ''
  return `Heroku’s collaborators are mailed what is severe.${told}`
}
