import type { LetterUnderWay, Mailed } from '../domain/notices/gather.ts'
import { bytes, integer, json, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of mail: addresses, how often one was asked to confirm, and what collaborators were told. */
export const MAIL_TABLES = {
  mail_addresses: {
    id: text(),
    resource_id: uuid,
    sealed_address: bytes,
    created_at: moment,
    confirm_until: orNull(moment),
    confirmed_at: orNull(moment),
    failed_at: orNull(moment),
    failure: orNull(text()),
    mailed: withDefault(json<Mailed[]>()),
  },
  mail_asked: {
    mailbox_digest: bytes,
    resource_id: uuid,
    at: moment,
  },
  collaborator_mails: {
    resource_id: uuid,
    told_at: orNull(moment),
    reached: withDefault(integer),
    unreached: withDefault(integer),
    under_way: orNull(json<LetterUnderWay>()),
    mailed: withDefault(json<Mailed[]>()),
  },
}
