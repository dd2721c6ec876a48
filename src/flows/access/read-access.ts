import { type KnownNetwork, knownSince } from '../../domain/usual-access.ts'
import { type Accessor, listAccessors } from '../../store/access.ts'
import type { Resource } from '../../store/resources.ts'
import { listTold, type Told } from '../../store/unusual-accesses.ts'
import { liveResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { UNUSUAL_FOR_MS } from '../read-health.ts'

/** Who used a resource within 90 days, and what of it was not usual, the newest first. */
export type AccessOverview = {
  resource: Resource
  accessors: AccessorView[]
  unusual: Told[]
}

/**
 * A person to whom something was handed, or a token or client that was used. `id` is Heroku's of a person; null: nobody
 * named.
 */
export type AccessorView = Pick<Accessor, 'who' | 'firstAt' | 'lastAt' | 'keysAt'> & {
  kind: 'person' | 'token' | 'client'
  id: string | null
  networks: readonly KnownNetwork[]
}

/** Reads both. Throws `unknown-resource` or `resource-gone`. */
export async function readAccess(
  deps: Pick<Deps, 'db' | 'now'>,
  resourceId: string,
): Promise<AccessOverview> {
  const resource = await liveResource(deps.db, resourceId)
  const now = deps.now()
  const since = knownSince(now)
  const accessors = (await listAccessors(deps.db, resourceId, now)).map((each): AccessorView => {
    const [, kind = 'person', id = ''] = /^(person|token|client):(.*)$/s.exec(each.subject) ?? []
    const { who, firstAt, lastAt, keysAt, networks } = each
    return {
      kind: kind === 'token' || kind === 'client' ? kind : 'person',
      id: id === '' ? null : id,
      who,
      firstAt,
      lastAt,
      keysAt,
      networks: networks.filter((network) => network.lastAt >= since),
    }
  })
  return { resource, accessors, unusual: await listTold(deps.db, resourceId, since) }
}

/** What was told within seven days and nobody has said to be known, the newest first. */
export async function readUnknownAccess(deps: Pick<Deps, 'db' | 'now'>, resourceId: string): Promise<Told[]> {
  const told = await listTold(deps.db, resourceId, new Date(deps.now().getTime() - UNUSUAL_FOR_MS))
  return told.filter(({ knownAt }) => knownAt === null)
}
