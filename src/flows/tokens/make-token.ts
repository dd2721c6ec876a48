import type { Person } from '../../domain/actor.ts'
import {
  NO_END,
  type Scope,
  type TokenFacts,
  type TokenKind,
  tokenFactsText,
} from '../../domain/api-token.ts'
import { BEARER_ID_BYTES, BEARER_SECRET_BYTES, bearerText, readBearer } from '../../domain/bearer-text.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { insertToken, listTokens, purgeTokens, type StoredToken } from '../../store/api-tokens.ts'
import { insertClient } from '../../store/clients.ts'
import { serviceNow } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import { planMakerLook } from '../../store/maker-looks.ts'
import { findSession } from '../../store/sessions.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { LOOK_EVERY_MS } from './look-at-makers.ts'

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

/** A resource has so many of a kind at the most. */
const MOST: Readonly<Record<TokenKind, number>> = { api: 50, client: 100 }
const PURGED_AT_ONCE = 100

/**
 * Makes a token for a program of a resource, in the name of a person. What is stored is the digest of its text, under a
 * MAC. The history tells of it in the same transaction. `session`: the digest of the id of the one that asks. A revoke ends
 * sessions under the lock of the resource, so none that it has ended leaves a token behind it. Throws `unknown-resource`
 * or `resource-gone`.
 */
export async function makeToken(deps: Deps, request: TokenWish): Promise<MakeTokenOutcome> {
  return await makeOfKind(deps, 'api', request)
}

/** Enrols a client, in the same way: its secret is good for the hand-over alone, and ends when somebody ends it. */
export async function enrolClient(
  deps: Deps,
  request: Omit<TokenWish, 'scopes' | 'lifeMs'>,
): Promise<MakeTokenOutcome> {
  return await makeOfKind(deps, 'client', { ...request, scopes: [], lifeMs: null })
}

async function makeOfKind(
  deps: Deps,
  kind: TokenKind,
  request: Omit<TokenWish, 'lifeMs'> & { lifeMs: number | null },
): Promise<MakeTokenOutcome> {
  const { resourceId, actor, session, name, scopes, lifeMs } = request
  await purgeTokens(deps.db, PURGED_AT_ONCE)
  const now = await serviceNow(deps.db)
  const text = bearerText(kind, deps.random(BEARER_ID_BYTES), deps.random(BEARER_SECRET_BYTES))
  const { userId, email } = actor
  const times = { createdAt: now, expiresAt: lifeMs === null ? NO_END : new Date(now.getTime() + lifeMs) }
  const token = await newToken(deps, text, { resourceId, name, scopes, userId, email, ...times })
  const outcome = await deps.db.transaction().execute(async (trx): Promise<MakeTokenOutcome['outcome']> => {
    await lockResource(trx, { resourceId, actor })
    if (session && !(await findSession(trx, session))) return 'signed-out'
    const live = (await listTokens(trx, { resourceId, kind })).filter(({ expiresAt }) => expiresAt > now)
    if (live.length >= MOST[kind]) return 'too-many'
    await insertToken(trx, token)
    if (kind === 'client') await insertClient(trx, token.id)
    const event: HistoryEvent = { at: now, actor, ...toldOf(token) }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    await planMakerLook(trx, resourceId, LOOK_EVERY_MS)
    return 'made'
  })
  if (outcome === 'too-many') return { outcome, most: MOST[kind] }
  if (outcome === 'signed-out') return { outcome }
  deps.log.info({ resourceId, kind, tokenId: token.id, scopes }, 'token made')
  return { outcome, text, token }
}

/** How the history tells that a token was made. */
function toldOf(token: TokenFacts): Pick<HistoryEvent, 'kind' | 'details'> {
  const { id, kind, name, scopes, expiresAt } = token
  if (kind === 'client') return { kind: 'client-enrolled', details: { client: id, name } }
  const details = { token: id, name, scopes: scopes.join(', '), expiresAt: expiresAt.toISOString() }
  return { kind: 'token-made', details }
}

/** A token ready to be stored, with the MAC that says that this service made it. */
export async function newToken(
  deps: Pick<Deps, 'macs'>,
  text: string,
  facts: Omit<TokenFacts, 'id' | 'kind'>,
): Promise<StoredToken> {
  const made = readBearer(text)
  if (!made || made.kind === 'cli' || made.kind === 'fork') throw new RangeError('no text of a token')
  const { id, kind, digest } = made
  const mac = await deps.macs.make('api token', tokenFactsText(digest, { ...facts, id, kind }))
  return { ...facts, ...mac, id, kind, digest, lastUsedAt: null }
}
