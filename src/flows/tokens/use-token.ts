import { type TokenKind, tokenFactsText } from '../../domain/api-token.ts'
import { isSameDigest, readBearer } from '../../domain/bearer-text.ts'
import { networkOf } from '../../domain/network.ts'
import { findToken, type StoredToken, type TokenNow, touchToken } from '../../store/api-tokens.ts'
import { findResource } from '../../store/resources.ts'
import { noteUse } from '../access/note-use.ts'
import type { Deps } from '../deps.ts'

export type TokenOutcome =
  | { outcome: 'active'; token: StoredToken }
  /** All the same to whoever asks; the log tells them apart. */
  | { outcome: 'none'; because: TokenProblem }
  /** The token is good, but its resource was deprovisioned. */
  | { outcome: 'gone'; token: StoredToken }

/**
 * - `malformed`: no token of this service, or a typing error in it
 * - `absent`: there is none of that id, or its secret is another
 * - `over`: it has expired, or the KEK that its MAC was made by is no longer listed
 * - `forged`: its row was not written by this service
 * - `foreign`: it speaks for another resource than the one that is asked for
 */
export type TokenProblem = 'malformed' | 'absent' | 'over' | 'forged' | 'foreign'

/** The time of last use is written at most so often. */
const TOUCH_EVERY_MS = 60_000

/**
 * Looks for whom a token of a kind speaks. It is asked at every request, so a token ends with its row. `address`: from where
 * it is used, which is noted. `boundTo`: the only resource for which it may speak here; of another it counts as not used.
 */
export async function useToken(
  deps: Pick<Deps, 'db' | 'macs'>,
  text: string,
  kind: TokenKind = 'api',
  address: string | null = null,
  boundTo: string | null = null,
): Promise<TokenOutcome> {
  const given = readBearer(text)
  if (given?.kind !== kind) return { outcome: 'none', because: 'malformed' }
  const token = await findToken(deps.db, given.id, networkOf(address))
  if (token?.kind !== kind || !isSameDigest(token.digest, given.digest))
    return { outcome: 'none', because: 'absent' }
  if (boundTo !== null && token.resourceId !== boundTo) return { outcome: 'none', because: 'foreign' }
  const problem = await problemOf(deps, token)
  if (problem) return { outcome: 'none', because: problem }
  const resource = await findResource(deps.db, token.resourceId)
  if (resource?.state !== 'provisioned') return { outcome: 'gone', token }
  const sinceMs = token.now.getTime() - (token.lastUsedAt?.getTime() ?? 0)
  if (sinceMs >= TOUCH_EVERY_MS) await touchToken(deps.db, token.id, TOUCH_EVERY_MS)
  const actor = {
    type: kind === 'api' ? 'token' : 'client',
    id: token.id,
    name: token.name,
    address,
  } as const
  await noteUse(deps, { resourceId: token.resourceId, actor, at: token.now, notedAt: token.notedAt })
  return { outcome: 'active', token }
}

/** Why a stored token opens nothing; undefined when it is good. Its end is told by the clock of the database. */
export async function problemOf(
  deps: Pick<Deps, 'macs'>,
  token: TokenNow,
): Promise<'over' | 'forged' | undefined> {
  if (token.expiresAt <= token.now) return 'over'
  const text = tokenFactsText(token.digest, token)
  if (await deps.macs.verify('api token', text, token)) return undefined
  return (await deps.macs.makeBy(token.kekId, 'api token', text)) ? 'forged' : 'over'
}
