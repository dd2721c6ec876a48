import type { Actor } from '../../domain/actor.ts'
import { type ClientRecord, findClients } from '../../store/clients.ts'
import { findState } from '../../store/keysets.ts'
import type { Resource } from '../../store/resources.ts'
import { gone } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { endTokens, type LiveToken, readTokens } from '../tokens/tokens.ts'

/** An enrolled client, and what it has proved so far. Its id names it, and opens nothing. */
export type EnrolledClient = Omit<LiveToken, 'kind' | 'scopes' | 'expiresAt'> & ClientRecord

/**
 * The clients of a resource, the newest first, and the version that signs now. Throws `unknown-resource` or `resource-gone`.
 */
export async function readClients(
  deps: Pick<Deps, 'db' | 'macs'>,
  resourceId: string,
): Promise<{ resource: Resource; clients: EnrolledClient[]; current: number }> {
  const { resource, tokens } = await readTokens(deps, resourceId, 'client')
  const records = await findClients(
    deps.db,
    tokens.map(({ id }) => id),
  )
  const clients = tokens.flatMap(({ kind: _kind, scopes: _scopes, expiresAt: _end, ...token }) => {
    const record = records.get(token.id)
    return record ? [{ ...token, ...record }] : []
  })
  const current = (await findState(deps.db, resourceId))?.state.keyset.current
  if (current === undefined) throw gone()
  return { resource, clients, current }
}

/**
 * Ends one client of a resource, by its id, or all that there are, and tells so in the history. Returns how many have ended.
 * Throws `unknown-resource` or `resource-gone`, and `unauthenticated` where the token of `actor` has ended meanwhile.
 */
export async function endClients(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; id?: string },
): Promise<number> {
  return await endTokens(deps, { ...request, kind: 'client' })
}
