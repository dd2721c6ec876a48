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

/** The one token that is meant by an id or a name. Throws a sentence where there is none, or several have that name. */
export function tokenNamed(tokens: readonly Token[], wanted: string): Token {
  const found = tokens.filter(({ id }) => id === wanted)
  const named = found.length > 0 ? found : tokens.filter(({ name }) => name === wanted)
  const [token, ...more] = named
  if (!token) throw new Error('There is no such token. Run heroku securekey:tokens to see them.')
  if (more.length > 0) {
    throw new Error(
      `Several tokens have that name: ${named.map(({ id }) => id).join(', ')}. Name one by its id.`,
    )
  }
  return token
}
