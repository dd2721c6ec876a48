import type { Actor } from '../../../domain/actor.ts'
import { SecurekeyError } from '../../../domain/errors.ts'
import { type MailAddressSecrets, readAddressSecrets } from '../../../domain/mail-link.ts'
import type { ResourceSealer } from '../../../sealing/sealing.ts'
import type { Trx } from '../../../store/database.ts'
import type { StoredMailAddress } from '../../../store/mail-addresses.ts'
import type { Resource } from '../../../store/resources.ts'
import { gone, liveResource, lockResource } from '../../change-resource.ts'
import type { Deps } from '../../deps.ts'

/** What an address is sealed with. */
export type AddressSealer = Pick<ResourceSealer, 'seal' | 'open'>

/** Seals an address and the secrets of its links. */
export function sealAddress(sealer: AddressSealer, secrets: MailAddressSecrets): Buffer {
  return sealer.seal('sealed_address', JSON.stringify(secrets))
}

/** Opens it again. Undefined: it does not open, or was put into this row from another. */
export function openAddress(
  sealer: AddressSealer,
  { id, sealed }: Pick<StoredMailAddress, 'id' | 'sealed'>,
): MailAddressSecrets | undefined {
  try {
    return readAddressSecrets(sealer.open('sealed_address', sealed), id)
  } catch (error) {
    if (error instanceof SecurekeyError) return undefined
    throw error
  }
}

/** What is sealed for a resource is opened and sealed by this. Throws `unknown-resource` or `resource-gone`. */
export async function sealerOf(
  deps: Pick<Deps, 'db' | 'sealing'>,
  resourceId: string,
): Promise<{ resource: Resource; sealer: AddressSealer }> {
  const resource = await liveResource(deps.db, resourceId)
  if (!resource.dek) throw gone()
  return { resource, sealer: await deps.sealing.forResource(resourceId, resource.dek) }
}

const MOST_TRIES = 3

/**
 * Changes what is sealed of a resource under its lock. The sealer is made before, since a KEK may be far away; where the data
 * key was replaced meanwhile, all of it is done again. Throws `unknown-resource`, `resource-gone` or `unauthenticated`.
 */
export async function changeSealed<T>(
  deps: Pick<Deps, 'db' | 'sealing'>,
  subject: { resourceId: string; actor?: Actor },
  change: (trx: Trx, resource: Resource, sealer: AddressSealer) => Promise<T>,
): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { resource: read, sealer } = await sealerOf(deps, subject.resourceId)
    const done = await deps.db.transaction().execute(async (trx) => {
      const { resource } = await lockResource(trx, subject)
      const isSame = read.dek && resource.dek?.wrapped.equals(read.dek.wrapped)
      return isSame ? { value: await change(trx, resource, sealer) } : undefined
    })
    if (done) return done.value
  }
  throw new SecurekeyError('not-now', 'The data key is being replaced. Please try again in a moment.')
}
