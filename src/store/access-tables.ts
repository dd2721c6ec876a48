import type { UnusualReason } from '../domain/unusual-words.ts'
import { integer, json, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of what access is usual, and of what was told because it was not. */
export const ACCESS_TABLES = {
  access_subjects: {
    resource_id: uuid,
    subject: text(),
    who: text(),
    first_at: moment,
    last_at: moment,
    keys_at: orNull(moment),
    settled_days: withDefault(integer),
    recent: withDefault(json<string[]>()),
  },
  first_lookers: {
    resource_id: uuid,
    subject: text(),
  },
  access_networks: {
    resource_id: uuid,
    subject: text(),
    network: text(),
    first_at: moment,
    last_at: moment,
  },
  unusual_accesses: {
    resource_id: uuid,
    reason: text<UnusualReason>(),
    subject: text(),
    at: moment,
    words: text(),
    known_at: orNull(moment),
  },
}
