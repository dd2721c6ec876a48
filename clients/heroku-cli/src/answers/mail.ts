import {
  type Fields,
  fieldsOf,
  listIn,
  momentIn,
  momentOrNullIn,
  numberIn,
  textIn,
  textOrNullIn,
} from './fields.ts'

/** An address to which notices are mailed, as `GET /v1/mail-addresses` tells it. */
export type MailAddress = {
  id: string
  address: string
  state: string
  addedAt: Date
  /** It is forgotten then, unless its reader confirms it. */
  confirmBy: Date | null
  /** Why the mail server did not take the last link or notice. */
  trouble: string | null
}

/** To whom notices are mailed. */
export type MailReaders = {
  mailIsSent: boolean
  addresses: MailAddress[]
  collaborators: { toldAt: Date | null; reached: number; unreached: number }
}

export function readMailReaders(answer: unknown): MailReaders {
  const fields = fieldsOf(answer)
  const collaborators = fieldsOf(fields.collaborators)
  return {
    mailIsSent: fields.mail_is_sent !== false,
    addresses: listIn(fields, 'addresses', readMailAddress),
    collaborators: {
      toldAt: momentOrNullIn(collaborators, 'told_at'),
      reached: numberIn(collaborators, 'reached'),
      unreached: numberIn(collaborators, 'unreached'),
    },
  }
}

export function readMailAddress(item: unknown): MailAddress {
  const fields = fieldsOf(item)
  return {
    id: textIn(fields, 'id'),
    address: textIn(fields, 'address'),
    state: textIn(fields, 'state'),
    addedAt: momentIn(fields, 'added_at'),
    confirmBy: momentOrNullIn(fields, 'confirm_by'),
    trouble: textOrNullIn(fields, 'trouble'),
  }
}

/** Whether the mail server took the mail with the link. */
export function isLinkSent(answer: unknown): boolean {
  const fields: Fields = fieldsOf(answer)
  return fields.link_sent === true
}

/** The address that is meant, by its id or as it is written. Throws a sentence where there is none. */
export function addressNamed(addresses: readonly MailAddress[], wanted: string): MailAddress {
  const found = addresses.find(
    ({ id, address }) => id === wanted || address.toLowerCase() === wanted.toLowerCase(),
  )
  if (!found) throw new Error('There is no such address. Run heroku securekey:mail to see them.')
  return found
}
