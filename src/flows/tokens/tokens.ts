import type { Actor } from '../../domain/actor.ts'
import type { TokenFacts } from '../../domain/api-token.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { deleteTokens, type EndedTokens, listTokens } from '../../store/api-tokens.ts'
import type { Trx } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import type { Resource } from '../../store/resources.ts'
import { liveResource, lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { problemOf } from './use-token.ts'

/** A token that is good now. Its id names it, and opens nothing. */
export type LiveToken = TokenFacts & { lastUsedAt: Date | null }

/** The tokens of a resource that are good now, the newest first. Throws `unknown-resource` or `resource-gone`. */
export async function readTokens(
  deps: Pick<Deps, 'db' | 'macs'>,
  resourceId: string,
): Promise<{ resource: Resource; tokens: LiveToken[] }> {
  const resource = await liveResource(deps.db, resourceId)
  const tokens: LiveToken[] = []
  for (const token of await listTokens(deps.db, resourceId)) {
    // What this service did not write opens nothing and is none.
    if (await problemOf(deps, token)) continue
    const { digest: _digest, kekId: _kekId, mac: _mac, now: _now, ...live } = token
    tokens.push(live)
  }
  return { resource, tokens }
}

/**
 * Ends one token of a resource, by its id, or all that there are, and tells so in the history. Returns how many have
 * ended. Throws `unknown-resource` or `resource-gone`.
 */
export async function endTokens(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; id?: string },
): Promise<number> {
  const { resourceId, actor, id } = request
  const ended = await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const details = await endTokensIn(trx, { resourceId, ...(id !== undefined && { id }) })
    if (!details) return 0
    const event: HistoryEvent = { at: deps.now(), kind: 'tokens-ended', actor, details }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return details.tokens
  })
  deps.log.info({ resourceId, tokens: ended }, 'api tokens ended')
  return ended
}

const MOST_NAMED = 5

/** Ends tokens within a transaction. Returns what the history tells of them; undefined: there were none. */
export async function endTokensIn(
  trx: Trx,
  which: EndedTokens,
): Promise<{ tokens: number; ended: string } | undefined> {
  const ended = await deleteTokens(trx, which)
  if (ended.length === 0) return undefined
  const named = ended.slice(0, MOST_NAMED).map(({ id, name }) => `${name} (${id})`)
  const more = ended.length > MOST_NAMED ? [`and ${ended.length - MOST_NAMED} more`] : []
  return { tokens: ended.length, ended: [...named, ...more].join(', ') }
}
