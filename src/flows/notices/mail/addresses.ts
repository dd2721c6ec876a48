import type { Actor } from '../../../domain/actor.ts'
import type { HistoryEvent } from '../../../domain/history.ts'
import { maskedAddress } from '../../../domain/mail-address.ts'
import { findCollaboratorMails } from '../../../store/collaborator-mails.ts'
import { recordEvents } from '../../../store/history.ts'
import { deleteMailAddress, findMailAddress, listMailAddresses } from '../../../store/mail-addresses.ts'
import { deleteCursor, listCursors, type StoredCursor } from '../../../store/notice-cursors.ts'
import type { Resource } from '../../../store/resources.ts'
import type { Deps } from '../../deps.ts'
import { underNoticeKey } from '../../under-data-key.ts'
import { openAddress, sealerOf } from './sealed-address.ts'

/**
 * An address to which notices are mailed. `confirmBy`: it waits to be confirmed. `failed`: its link could not be sent, or, once
 * it is confirmed, the mail server refuses it and it is not tried before a person acts.
 */
export type MailAddress = {
  id: string
  address: string
  createdAt: Date
  confirmBy: Date | null
  confirmedAt: Date | null
  failed: { at: Date; words: string } | null
}

/** To whom the notices of a resource are mailed. `on`: this service sends mail at all. */
export type MailReaders = {
  on: boolean
  resource: Resource
  addresses: MailAddress[]
  /** Heroku's collaborators: when they were last told, and how many of them. */
  collaborators: { toldAt: Date | null; reached: number; unreached: number }
  /** How telling them goes, by target. */
  targets: readonly StoredCursor[]
}

/** To whom notices are mailed. What does not open is left out. Throws `unknown-resource` or `resource-gone`. */
export async function readMailReaders(
  deps: Pick<Deps, 'db' | 'sealing' | 'mailer'>,
  resourceId: string,
): Promise<MailReaders> {
  const { resource, sealer } = await sealerOf(deps, resourceId)
  const stored = await listMailAddresses(deps.db, resourceId)
  const addresses = stored.flatMap((each) => {
    const { id, createdAt, confirmBy, confirmedAt, failed } = each
    const address = openAddress(sealer, each)?.address
    return address === undefined ? [] : [{ id, address, createdAt, confirmBy, confirmedAt, failed }]
  })
  const { toldAt, reached, unreached } = await findCollaboratorMails(deps.db, resourceId)
  const targets = await listCursors(deps.db, resourceId, 'mail')
  return {
    resource,
    on: deps.mailer !== undefined,
    addresses,
    collaborators: { toldAt, reached, unreached },
    targets,
  }
}

/**
 * Forgets an address of a resource. False: there is none of that id. Throws `unknown-resource`, `resource-gone` or
 * `unauthenticated`.
 */
export async function removeMailAddress(
  deps: Pick<Deps, 'db' | 'sealing' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; id: string },
): Promise<boolean> {
  const { resourceId, actor, id } = request
  const removed = await underNoticeKey(deps, request, async (sealer, _locked, trx) => {
    const stored = await findMailAddress(trx, id)
    if (stored?.resourceId !== resourceId || !(await deleteMailAddress(trx, resourceId, id))) return false
    await deleteCursor(trx, stored)
    const address = openAddress(sealer, stored)?.address
    const details = { id, address: address === undefined ? 'unreadable' : maskedAddress(address) }
    const event: HistoryEvent = { at: deps.now(), kind: 'mail-address-removed', actor, details }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return true
  })
  if (removed) deps.log.info({ resourceId, mailAddress: id }, 'mail address removed')
  return removed
}
