import { partitionOf } from '../../domain/aws-region.ts'
import { endpointsVarName, endpointVarName } from '../../domain/endpoint-vars.ts'
import type { LinkAccountStatus, LinkStatus } from '../../domain/private-link.ts'
import { connectionWords } from '../../domain/private-link-connections.ts'
import type { Db } from '../../store/database.ts'
import { findPrivateLink, type StoredLink } from '../../store/private-links.ts'
import { findAppNames } from '../../store/resource-apps.ts'
import { findResource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'

/** A private link as its customer sees it. */
export type PrivateLinkView = {
  /** The names of the add-on and of one of its apps, as Heroku last said them. */
  addon: string | null
  app: string | null
  /** Null until there is one. */
  serviceName: string | null
  status: LinkStatus
  /** Why it has failed. */
  failure: string | null
  accounts: { arn: string; status: LinkAccountStatus }[]
  /** `status` in AWS's words with a capital; `configVar`: the one that Heroku holds of it. */
  connections: { endpointId: string; ownerArn: string; status: string; configVar: string | null }[]
}

type Reading = Pick<Deps, 'db' | 'settings'>

/** The private link of an add-on; undefined where it has none. */
export async function readPrivateLink(
  deps: Reading,
  resourceId: string,
): Promise<PrivateLinkView | undefined> {
  const stored = await findPrivateLink(deps.db, resourceId)
  return stored && (await linkView(deps.db, deps, stored))
}

/** How a stored link is shown. */
export async function linkView(
  db: Db,
  { settings }: Pick<Deps, 'settings'>,
  { link, accounts, connections }: StoredLink,
): Promise<PrivateLinkView> {
  const resource = await findResource(db, link.resource_id)
  const [app] = await findAppNames(db, link.resource_id, 1)
  const { how, vars } = link.published
  const prefix = settings.configVarsPrefix
  const varOf = (endpointId: string): string | null => {
    const name = endpointVarName(prefix, endpointId)
    if (!(name in vars)) return null
    return how === 'together' ? endpointsVarName(prefix) : name
  }
  return {
    addon: resource?.name ?? null,
    app: app ?? null,
    serviceName: link.status === 'Provisioning' ? null : link.service_name,
    status: link.status,
    failure: link.failure,
    accounts: accounts.map(({ arn, status }) => ({ arn, status })),
    connections: connections.map(({ endpoint_id: endpointId, account, state }) => ({
      endpointId,
      ownerArn: `arn:${partitionOf(link.region)}:iam::${account}:root`,
      status: connectionWords(state),
      configVar: varOf(endpointId),
    })),
  }
}
