import type { Actor } from '../../domain/actor.ts'
import type { TokenFacts, TokenKind } from '../../domain/api-token.ts'
import type { HistoryDetails, HistoryEvent, HistoryKind } from '../../domain/history.ts'
import { deleteTokens, type EndedTokens, listTokens } from '../../store/api-tokens.ts'
import type { Trx } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import type { Resource } from '../../store/resources.ts'
import { liveResource, lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { problemOf } from './use-token.ts'

/** A token that is good now. Its id names it, and opens nothing. */
export type LiveToken = TokenFacts & { lastUsedAt: Date | null }

/**
 * The tokens of a kind that a resource has and that are good now, the newest first. Throws `unknown-resource` or
 * `resource-gone`.
 */
export async function readTokens(
  deps: Pick<Deps, 'db' | 'macs'>,
  resourceId: string,
  kind: TokenKind = 'api',
): Promise<{ resource: Resource; tokens: LiveToken[] }> {
  const resource = await liveResource(deps.db, resourceId)
  const tokens: LiveToken[] = []
  for (const token of await listTokens(deps.db, { resourceId, kind })) {
    // What this service did not write opens nothing and is none.
    if (await problemOf(deps, token)) continue
    const { digest: _digest, kekId: _kekId, mac: _mac, now: _now, ...live } = token
    tokens.push(live)
  }
  return { resource, tokens }
}

/**
 * Ends one token of a kind and a resource, by its id, or all that there are, and tells so in the history. Returns how many have
 * ended. Throws `unknown-resource` or `resource-gone`.
 */
export async function endTokens(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; id?: string; kind?: TokenKind },
): Promise<number> {
  const { resourceId, actor, id, kind = 'api' } = request
  const ended = await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const gone = await endTokensIn(trx, { resourceId, kind, ...(id !== undefined && { id }) })
    if (!gone) return 0
    const event: HistoryEvent = { at: deps.now(), kind: ENDED[kind], actor, details: gone.details }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return gone.count
  })
  deps.log.info({ resourceId, kind, ended }, 'tokens ended')
  return ended
}

/** How the history tells of the end of a kind. */
const ENDED = { api: 'tokens-ended', client: 'clients-ended' } as const satisfies Record<
  TokenKind,
  HistoryKind
>

const MOST_NAMED = 5

/** Ends tokens within a transaction. Returns how many, and what the history tells of them; undefined: there were none. */
export async function endTokensIn(
  trx: Trx,
  which: EndedTokens,
): Promise<{ count: number; ended: string; details: HistoryDetails } | undefined> {
  const gone = await deleteTokens(trx, which)
  if (gone.length === 0) return undefined
  const named = gone.slice(0, MOST_NAMED).map(({ id, name }) => `${name} (${id})`)
  const more = gone.length > MOST_NAMED ? [`and ${gone.length - MOST_NAMED} more`] : []
  const ended = [...named, ...more].join(', ')
  const count = which.kind === 'api' ? { tokens: gone.length } : { clients: gone.length }
  return { count: gone.length, ended, details: { ...count, ended } }
}
