import { SecurekeyError } from '../../../domain/errors.ts'
import { type MailAddressSecrets, readAddressSecrets } from '../../../domain/mail-link.ts'
import type { NoticeSealer } from '../../../sealing/sealing.ts'
import type { StoredMailAddress } from '../../../store/mail-addresses.ts'
import type { Resource } from '../../../store/resources.ts'
import { gone, liveResource } from '../../change-resource.ts'
import type { Deps } from '../../deps.ts'

/** Seals an address and the secrets of its links. */
export function sealAddress(sealer: NoticeSealer, secrets: MailAddressSecrets): Buffer {
  return sealer.seal('sealed_address', JSON.stringify(secrets))
}

/** Opens it again. Undefined: it does not open, or was put into this row from another. */
export function openAddress(
  sealer: NoticeSealer,
  { id, sealed }: Pick<StoredMailAddress, 'id' | 'sealed'>,
): MailAddressSecrets | undefined {
  try {
    return readAddressSecrets(sealer.open('sealed_address', sealed), id)
  } catch (error) {
    if (error instanceof SecurekeyError) return undefined
    throw error
  }
}

/** Addresses of a resource are opened and sealed by this. Throws `unknown-resource` or `resource-gone`. */
export async function sealerOf(
  deps: Pick<Deps, 'db' | 'sealing'>,
  resourceId: string,
): Promise<{ resource: Resource; sealer: NoticeSealer }> {
  const resource = await liveResource(deps.db, resourceId)
  if (!resource.dek) throw gone()
  return { resource, sealer: await deps.sealing.forNotices(resourceId, resource.dek) }
}
