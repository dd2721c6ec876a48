import type { TokenKind } from '../domain/api-token.ts'
import type { Missing } from '../domain/makers.ts'
import type { RotationReason } from '../domain/rotation-reason.ts'
import { bigint, bytes, integer, json, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of what programs hold and say: tokens, enrolled clients, what was asked once, check-ins. */
export const PROGRAM_TABLES = {
  api_tokens: {
    id: text(),
    kind: text<TokenKind>(),
    resource_id: uuid,
    digest: bytes,
    name: text(),
    scopes: text(),
    user_id: orNull(text()),
    email: orNull(text()),
    created_at: moment,
    expires_at: moment,
    last_used_at: orNull(moment),
    kek_id: text(),
    mac: bytes,
  },
  clients: {
    id: text(),
    newest_version: orNull(integer),
    last_kid: orNull(text()),
    seen_version: orNull(integer),
    seen_at: orNull(moment),
    alarm_at: orNull(moment),
  },
  used_nonces: {
    client_id: text(),
    nonce: text(),
    until: moment,
  },
  maker_looks: {
    resource_id: uuid,
    missing: withDefault(json<Missing[]>()),
    wake_at: moment,
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
  },
  asked_once: {
    resource_id: uuid,
    key_digest: bytes,
    request_digest: bytes,
    reason: text<RotationReason>(),
    opened_at: moment,
    served_at: moment,
  },
  check_ins: {
    resource_id: uuid,
    app: text(),
    process: text(),
    kid: text(),
    version: orNull(integer),
    at: moment,
  },
  key_sightings: {
    resource_id: uuid,
    kid: text(),
    hour: moment,
    good: bigint,
    bad: bigint,
  },
}
