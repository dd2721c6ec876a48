import type { Session } from '../answers/sessions.ts'
import type { Token } from '../answers/tokens.ts'
import { dateWords } from '../words/moment.ts'

/** A row of `securekey:tokens`. */
export type TokenRow = Readonly<Record<'id' | 'name' | 'scopes' | 'by' | 'used' | 'ends', string>>

export function tokenRow({ id, name, scopes, madeBy, lastUsedAt, expiresAt }: Token): TokenRow {
  return {
    id,
    name,
    scopes: scopes.join(', '),
    by: madeBy ?? 'somebody unverified',
    used: lastUsedAt ? dateWords(lastUsedAt) : 'never',
    ends: dateWords(expiresAt),
  }
}

/** A row of `securekey:sessions`. */
export type SessionRow = Readonly<Record<'who' | 'where' | 'since' | 'used' | 'ends', string>>

export function sessionRow({ by, email, own, madeAt, lastUsedAt, endsAt }: Session): SessionRow {
  const where = by.replaceAll('-', ' ')
  return {
    who: email ?? 'somebody unverified',
    where: own ? `${where}, this one` : where,
    since: dateWords(madeAt),
    used: dateWords(lastUsedAt),
    ends: dateWords(endsAt),
  }
}
