import type { Resource } from '../../store/resources.ts'
import { liveResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { mayHaveLink } from './create-link.ts'
import { type PrivateLinkView, readPrivateLink } from './link-view.ts'

/** What the page of a private link shows. `may`: whether the add-on could have one. Throws as `liveResource` does. */
export async function readLinkPage(
  deps: Pick<Deps, 'db' | 'settings'>,
  resourceId: string,
): Promise<{
  resource: Resource
  link: PrivateLinkView | undefined
  may: ReturnType<typeof mayHaveLink>
}> {
  const resource = await liveResource(deps.db, resourceId)
  return { resource, link: await readPrivateLink(deps, resourceId), may: mayHaveLink(deps, resource) }
}
