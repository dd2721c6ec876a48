import { appNameShown } from '../../domain/app-name.ts'
import { parseResourceId } from '../../domain/resource-id.ts'
import type { Attachment } from '../../heroku/read-attachments.ts'
import { noteApps } from '../../store/resource-apps.ts'
import type { Deps } from '../deps.ts'

/**
 * Keeps which apps an add-on is attached to, whenever Heroku is asked for that anyway: add-ons on one app restart it one
 * after another. True: they are others than those known.
 */
export async function takeOverApps(
  { db, settings }: Pick<Deps, 'db' | 'settings'>,
  resourceId: string,
  attachments: readonly Attachment[],
): Promise<boolean> {
  if (settings.spreadMs === 0) return false
  const apps = attachments.flatMap(({ appId, appName }) => {
    // Like the ids of add-ons those of apps are UUIDs.
    const id = parseResourceId(appId)
    return id ? [{ id, name: appNameShown(appName) }] : []
  })
  return await noteApps(db, resourceId, apps)
}
