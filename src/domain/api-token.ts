import { cleanText } from './clean-text.ts'
import { parseDuration } from './duration.ts'

/** What a token may do: look, rotate and change the schedule, revoke, or read the keys. Each stands for itself. */
export type Scope = 'read' | 'rotate' | 'revoke' | 'keyring'

export const SCOPES: readonly Scope[] = ['read', 'rotate', 'revoke', 'keyring']

/** Whose token it is: a program's by the API, or that of an enrolled client, which asks for the hand-over alone. */
export type TokenKind = 'api' | 'client'

/** How long a token is good for, unless its maker says otherwise, and at the most. */
export const TOKEN_LIFE_MS = 90 * 86_400_000
const LONGEST_LIFE_MS = 365 * 86_400_000
const SHORTEST_LIFE_MS = 3_600_000

/** What has no end of its own ends with its row: the last day that there is. */
export const NO_END = new Date('9999-12-31T00:00:00.000Z')

const LONGEST_NAME = 80

/** What a token says, all but the time of its last use. `userId` and `email` are those of the person who made it. */
export type TokenFacts = {
  id: string
  kind: TokenKind
  resourceId: string
  name: string
  scopes: readonly Scope[]
  userId: string | null
  email: string | null
  createdAt: Date
  expiresAt: Date
}

/** The one text that stands for a token, of which its MAC is made, in whatever order its scopes are named. */
export function tokenFactsText(digest: Buffer, facts: TokenFacts): string {
  const { id, kind, resourceId, name, scopes, userId, email, createdAt, expiresAt } = facts
  return JSON.stringify([
    id,
    kind,
    digest.toString('hex'),
    resourceId,
    name,
    scopesOf(scopes),
    userId,
    email,
    createdAt.getTime(),
    expiresAt.getTime(),
  ])
}

/** The scopes among these texts, each once and in the order of `SCOPES`. */
export function scopesOf(texts: readonly string[]): Scope[] {
  return SCOPES.filter((scope) => texts.includes(scope))
}

/** The name that somebody gives a program, or what is wrong with it in words that he can act on. */
export function readName(text: string, what: string): { name: string } | { problem: string } {
  const name = cleanText(text, LONGEST_NAME)
  return name === '' ? { problem: `Give the ${what} a name, such as the program that uses it.` } : { name }
}

/** What somebody wants of a token, or what is wrong with that in words that he can act on. */
export function readTokenWish(wish: {
  name: string
  scopes: readonly string[]
  life: string
}): { name: string; scopes: Scope[]; lifeMs: number } | { problem: string } {
  const named = readName(wish.name, 'token')
  if ('problem' in named) return named
  const scopes = scopesOf(wish.scopes)
  if (scopes.length === 0 || scopes.length < new Set(wish.scopes).size) {
    return { problem: `Choose what the token may do: ${SCOPES.join(', ')}.` }
  }
  const lifeMs = wish.life.trim() === '' ? TOKEN_LIFE_MS : parseDuration(wish.life)
  if (lifeMs === undefined || lifeMs < SHORTEST_LIFE_MS || lifeMs > LONGEST_LIFE_MS) {
    return { problem: 'A token lives between an hour and a year: for example 90d.' }
  }
  return { ...named, scopes, lifeMs }
}
