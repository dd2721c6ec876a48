import type { KeyMoments } from '../../domain/key-in-app.ts'
import type { KeyLife } from '../key-lives.ts'
import type { AppsAnswer, AttachedApps } from './attached-apps.ts'
import type { Overview } from './overview.ts'

/** The apps that a resource is attached to, and which of its keys each of them signs with, as far as Heroku shows that. */
export async function appsOf(
  apps: AttachedApps,
  { resourceId, keys, second }: Pick<Overview, 'resourceId' | 'keys' | 'second'>,
): Promise<AppsAnswer> {
  const current = keys.find(({ stage }) => stage === 'current')
  if (!current) throw new Error(`resource ${resourceId} has no current key`)
  const { version } = current
  const moments = momentsOf(current)
  const before = keys.find((key) => key.version === second && !key.filler)
  const former = before && { former: { ...momentsOf(before), successor: moments } }
  return await apps.read({ resourceId, version, ...moments, ...former })
}

function momentsOf({ createdAt, publishedAt }: KeyLife): KeyMoments {
  return { createdAt, publishedAt: publishedAt ?? createdAt }
}
