import { fieldsOf, listIn, momentIn, momentOrNullIn, textIn, textOrNullIn, textsIn } from './fields.ts'

/** A token of the API, as `GET /v1/tokens` tells it: never its text. */
export type Token = {
  id: string
  name: string
  scopes: string[]
  madeBy: string | null
  madeAt: Date
  lastUsedAt: Date | null
  expiresAt: Date
}

export function readTokens(answer: unknown): Token[] {
  return listIn(fieldsOf(answer), 'tokens', readToken)
}

export function readToken(item: unknown): Token {
  const fields = fieldsOf(item)
  return {
    id: textIn(fields, 'id'),
    name: textIn(fields, 'name'),
    scopes: textsIn(fields, 'scopes'),
    madeBy: textOrNullIn(fields, 'made_by'),
    madeAt: momentIn(fields, 'made_at'),
    lastUsedAt: momentOrNullIn(fields, 'last_used_at'),
    expiresAt: momentIn(fields, 'expires_at'),
  }
}
