import type { Person } from '../../domain/actor.ts'
import { type Scope, type TokenFacts, tokenFactsText } from '../../domain/api-token.ts'
import { BEARER_ID_BYTES, BEARER_SECRET_BYTES, bearerText, readBearer } from '../../domain/bearer-text.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { insertToken, listTokens, purgeTokens, type StoredToken } from '../../store/api-tokens.ts'
import { serviceNow } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import { findSession } from '../../store/sessions.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

export type MakeTokenOutcome =
  /** `text` is nowhere else: whoever loses it makes another token. */
  | { outcome: 'made'; text: string; token: TokenFacts }
  | { outcome: 'too-many'; most: number }
  /** The session has ended since it was looked at. */
  | { outcome: 'signed-out' }

export type TokenWish = {
  resourceId: string
  actor: Person
  session?: Buffer
  name: string
  scopes: readonly Scope[]
  lifeMs: number
}

/** A resource has so many tokens at the most. */
const MOST_TOKENS = 50
const PURGED_AT_ONCE = 100

/**
 * Makes a token for a program of a resource, in the name of a person. What is stored is the digest of its text, under a
 * MAC. The history tells of it in the same transaction. `session`: the digest of the id of the one that asks. A revoke ends
 * sessions under the lock of the resource, so none that it has ended leaves a token behind it. Throws `unknown-resource`
 * or `resource-gone`.
 */
export async function makeToken(deps: Deps, request: TokenWish): Promise<MakeTokenOutcome> {
  const { resourceId, actor, session, name, scopes, lifeMs } = request
  await purgeTokens(deps.db, PURGED_AT_ONCE)
  const now = await serviceNow(deps.db)
  const text = bearerText('api', deps.random(BEARER_ID_BYTES), deps.random(BEARER_SECRET_BYTES))
  const { userId, email } = actor
  const times = { createdAt: now, expiresAt: new Date(now.getTime() + lifeMs) }
  const token = await newToken(deps, text, { resourceId, name, scopes, userId, email, ...times })
  const outcome = await deps.db.transaction().execute(async (trx): Promise<MakeTokenOutcome['outcome']> => {
    await lockResource(trx, { resourceId, actor })
    if (session && !(await findSession(trx, session))) return 'signed-out'
    const live = (await listTokens(trx, resourceId)).filter(({ expiresAt }) => expiresAt > now)
    if (live.length >= MOST_TOKENS) return 'too-many'
    await insertToken(trx, token)
    const details = {
      token: token.id,
      name,
      scopes: scopes.join(', '),
      expiresAt: token.expiresAt.toISOString(),
    }
    const event: HistoryEvent = { at: now, kind: 'token-made', actor, details }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return 'made'
  })
  if (outcome === 'too-many') return { outcome, most: MOST_TOKENS }
  if (outcome === 'signed-out') return { outcome }
  deps.log.info({ resourceId, tokenId: token.id, scopes }, 'api token made')
  return { outcome, text, token }
}

/** A token ready to be stored, with the MAC that says that this service made it. */
export async function newToken(
  deps: Pick<Deps, 'macs'>,
  text: string,
  facts: Omit<TokenFacts, 'id'>,
): Promise<StoredToken> {
  const made = readBearer(text)
  if (made?.kind !== 'api') throw new RangeError('no text of a token')
  const { id, digest } = made
  const mac = await deps.macs.make('api token', tokenFactsText(digest, { ...facts, id }))
  return { ...facts, ...mac, id, digest, lastUsedAt: null }
}
