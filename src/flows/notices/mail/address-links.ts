import type { Person } from '../../../domain/actor.ts'
import type { HistoryEvent } from '../../../domain/history.ts'
import { maskedAddress } from '../../../domain/mail-address.ts'
import { isLinkSecret, type MailAddressSecrets, readMailLink } from '../../../domain/mail-link.ts'
import { MAIL_LANE } from '../../../domain/notices/notice.ts'
import type { NoticeSealer } from '../../../sealing/sealing.ts'
import type { Trx } from '../../../store/database.ts'
import { recordEvents } from '../../../store/history.ts'
import {
  confirmMailAddress,
  deleteMailAddress,
  findMailAddress,
  type StoredMailAddress,
} from '../../../store/mail-addresses.ts'
import { deleteCursor, insertCursor } from '../../../store/notice-cursors.ts'
import { findResource } from '../../../store/resources.ts'
import type { Deps } from '../../deps.ts'
import { underNoticeKey } from '../../under-data-key.ts'
import { openAddress, sealAddress, sealerOf } from './sealed-address.ts'

/** What a link that went to an address is for. */
export type LinkUse = 'confirm' | 'unsubscribe'

/**
 * `over`: used up, too old, or never a link of ours: the same to whoever asks. `addon`: the name, and all that a link tells.
 */
export type LinkOutcome = { outcome: 'good'; addon: string } | { outcome: 'over' }

const OVER: LinkOutcome = { outcome: 'over' }

/** What a link leads to, which is all that is shown to whoever opens it. Changes nothing. */
export async function lookAtMailLink(deps: Deps, use: LinkUse, text: string): Promise<LinkOutcome> {
  const found = await findByLink(deps, text)
  if (!found) return OVER
  const { resource, sealer } = await sealerOf(deps, found.stored.resourceId)
  const isGood = isSecretOf(openAddress(sealer, found.stored), use, found.secret)
  return isGood ? { outcome: 'good', addon: resource.name ?? resource.id } : OVER
}

/**
 * Does what a link is for: `confirm` lets notices go to the address from now on, once; `unsubscribe` forgets it. `from` is
 * the network address of whoever pressed.
 */
export async function followMailLink(
  deps: Deps,
  use: LinkUse,
  link: { text: string; from: string | null },
): Promise<LinkOutcome> {
  const found = await findByLink(deps, link.text)
  if (!found) return OVER
  const { resourceId, id } = found.stored
  const actor: Person = { type: 'person', userId: null, email: null, verified: false, address: link.from }
  const outcome = await underNoticeKey(deps, { resourceId }, async (sealer, { resource }, trx) => {
    const stored = await findMailAddress(trx, id)
    const secrets = stored && openAddress(sealer, stored)
    if (!stored || !secrets || !isSecretOf(secrets, use, found.secret)) return OVER
    const change = use === 'confirm' ? confirmIn : removeIn
    const kind = await change(trx, { stored, secrets, sealer })
    const details = {
      id,
      address: maskedAddress(secrets.address),
      ...(use === 'unsubscribe' && { by: 'link' }),
    }
    const event: HistoryEvent = { at: deps.now(), kind, actor, details }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return { outcome: 'good' as const, addon: resource.name ?? resource.id }
  })
  if (outcome.outcome === 'good')
    deps.log.info({ resourceId, mailAddress: id, use }, 'link of a mail address used')
  return outcome
}

type Opened = { stored: StoredMailAddress; secrets: MailAddressSecrets; sealer: NoticeSealer }

async function confirmIn(trx: Trx, { stored, secrets, sealer }: Opened) {
  const sealed = sealAddress(sealer, { ...secrets, confirm: null })
  await confirmMailAddress(trx, { id: stored.id, sealed })
  const { resourceId, id } = stored
  await insertCursor(trx, { resourceId, channel: 'mail', id, lane: MAIL_LANE })
  return 'mail-address-confirmed' as const
}

async function removeIn(trx: Trx, { stored }: Opened) {
  await deleteMailAddress(trx, stored.resourceId, stored.id)
  await deleteCursor(trx, stored)
  return 'mail-address-removed' as const
}

/** The row that a link names, of a resource that lives. */
async function findByLink(
  deps: Pick<Deps, 'db'>,
  text: string,
): Promise<{ stored: StoredMailAddress; secret: string } | undefined> {
  const link = readMailLink(text)
  const stored = link && (await findMailAddress(deps.db, link.id))
  if (!stored) return undefined
  const resource = await findResource(deps.db, stored.resourceId)
  return resource?.state === 'provisioned' ? { stored, secret: link.secret } : undefined
}

function isSecretOf(secrets: MailAddressSecrets | undefined, use: LinkUse, given: string): boolean {
  return secrets !== undefined && isLinkSecret(given, secrets[use])
}
