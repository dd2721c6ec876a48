import type { Person } from '../../../domain/actor.ts'
import type { HistoryEvent } from '../../../domain/history.ts'
import { likelyMailbox, maskedAddress } from '../../../domain/mail-address.ts'
import {
  LINK_SECRET_BYTES,
  linkSecret,
  MAIL_ID_BYTES,
  type MailAddressSecrets,
  mailAddressId,
  mailLinkText,
} from '../../../domain/mail-link.ts'
import type { MailOutcome } from '../../../notices/mail/mail-outcome.ts'
import { recordEvents } from '../../../store/history.ts'
import {
  findMailAddress,
  insertMailAddress,
  listMailAddresses,
  purgeMailAddresses,
  renewMailLink,
  setMailFailure,
} from '../../../store/mail-addresses.ts'
import { noteMailAsked, purgeMailAsked } from '../../../store/mail-asked.ts'
import { findSession } from '../../../store/sessions.ts'
import type { Deps } from '../../deps.ts'
import { underNoticeKey } from '../../under-data-key.ts'
import { openAddress, sealAddress, sealerOf } from './sealed-address.ts'

/** A person who wants something of the addresses of a resource. `session`: the digest of the id of the one that asks. */
export type AddressRequest = { resourceId: string; actor: Person; session: Buffer }

export type AskOutcome =
  /** A link went to it, or what became of that. */
  | { outcome: 'asked'; id: string; address: string; confirmBy: Date; sent: MailOutcome }
  /** It is confirmed, and is tried again with the next notice. */
  | { outcome: 'tried-again' }
  | { outcome: 'too-many'; most: number }
  /** One of the limits of a day is reached. */
  | { outcome: 'asked-too-often' }
  | { outcome: 'there-already' | 'absent' | 'off' | 'signed-out' }

/** The same of an address that is new. */
export type AddOutcome = Exclude<AskOutcome, { outcome: 'tried-again' }>

const MOST_ADDRESSES = 10
const LINK_LIFE_MS = 3 * 86_400_000
/** So often a day a mailbox is asked to confirm, through whichever add-ons, and an add-on asks anybody. */
const MOST_ASKED = { perMailbox: 3, perResource: 10 }
const PURGED_AT_ONCE = 100

/**
 * Takes an address down for the notices of a resource, unconfirmed, and mails a link to it by which its reader confirms it.
 * The link is good once and for three days. Throws `unknown-resource`, `resource-gone` or `unauthenticated`.
 */
export async function addMailAddress(
  deps: Deps,
  request: AddressRequest & { address: string },
): Promise<AddOutcome> {
  const { resourceId, actor, session, address } = request
  if (!deps.mailer) return { outcome: 'off' }
  await purge(deps)
  const mailboxDigest = await mailboxDigestOf(deps, address)
  const secrets: MailAddressSecrets = {
    id: mailAddressId(deps.random(MAIL_ID_BYTES)),
    address,
    confirm: linkSecret(deps.random(LINK_SECRET_BYTES)),
    unsubscribe: linkSecret(deps.random(LINK_SECRET_BYTES)),
  }
  const stored = await underNoticeKey(deps, request, async (sealer, { resource }, trx) => {
    if (!(await findSession(trx, session))) return { outcome: 'signed-out' as const }
    const held = await listMailAddresses(trx, resourceId)
    const isHeld = held.some((each) => isSame(openAddress(sealer, each)?.address, address))
    if (isHeld) return { outcome: 'there-already' as const }
    if (held.length >= MOST_ADDRESSES) return { outcome: 'too-many' as const, most: MOST_ADDRESSES }
    if (!(await noteMailAsked(trx, { mailboxDigest, resourceId }, MOST_ASKED)))
      return { outcome: 'asked-too-often' as const }
    const sealed = sealAddress(sealer, secrets)
    const { confirmBy } = await insertMailAddress(trx, { id: secrets.id, resourceId, sealed }, LINK_LIFE_MS)
    const details = { id: secrets.id, address: maskedAddress(address) }
    const event: HistoryEvent = { at: deps.now(), kind: 'mail-address-added', actor, details }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return { outcome: 'stored' as const, name: resource.name, confirmBy: confirmBy ?? deps.now() }
  })
  if (stored.outcome !== 'stored') return stored
  deps.log.info({ resourceId, mailAddress: secrets.id }, 'mail address added')
  return await sendLink(deps, { resourceId, secrets, ...stored })
}

/**
 * What a person does about an address that has a problem: one that waits gets another link, and its link before is void; one
 * that the mail server has refused is tried again. Throws as `addMailAddress` does.
 */
export async function retryMailAddress(
  deps: Deps,
  request: AddressRequest & { id: string },
): Promise<AskOutcome> {
  const { resourceId, session, id } = request
  if (!deps.mailer) return { outcome: 'off' }
  const confirm = linkSecret(deps.random(LINK_SECRET_BYTES))
  const before = await openedOf(deps, resourceId, id)
  // Made before the transaction: the address of a row never changes.
  const mailboxDigest = before && (await mailboxDigestOf(deps, before.address))
  const found = await underNoticeKey(deps, request, async (sealer, { resource }, trx) => {
    if (!(await findSession(trx, session))) return { outcome: 'signed-out' as const }
    const stored = await findMailAddress(trx, id)
    const opened = stored?.resourceId === resourceId ? openAddress(sealer, stored) : undefined
    if (!stored || !opened || !mailboxDigest) return { outcome: 'absent' as const }
    if (stored.confirmBy === null) {
      await setMailFailure(trx, id, null)
      return { outcome: 'tried-again' as const }
    }
    if (!(await noteMailAsked(trx, { mailboxDigest, resourceId }, MOST_ASKED)))
      return { outcome: 'asked-too-often' as const }
    await setMailFailure(trx, id, null)
    const secrets = { ...opened, confirm }
    const confirmBy = await renewMailLink(trx, { id, sealed: sealAddress(sealer, secrets) }, LINK_LIFE_MS)
    return { outcome: 'renewed' as const, secrets, name: resource.name, confirmBy: confirmBy ?? deps.now() }
  })
  return found.outcome === 'renewed' ? await sendLink(deps, { resourceId, ...found }) : found
}

async function openedOf(deps: Deps, resourceId: string, id: string): Promise<MailAddressSecrets | undefined> {
  const { sealer } = await sealerOf(deps, resourceId)
  const stored = await findMailAddress(deps.db, id)
  return stored?.resourceId === resourceId ? openAddress(sealer, stored) : undefined
}

async function sendLink(
  deps: Deps,
  asked: { resourceId: string; secrets: MailAddressSecrets; name: string | null; confirmBy: Date },
): Promise<AddOutcome> {
  const { resourceId, secrets, name, confirmBy } = asked
  const { id, address, confirm } = secrets
  if (!deps.mailer || confirm === null) return { outcome: 'off' }
  const link = `${deps.settings.addonUrl}/mail/confirm/${mailLinkText(id, confirm)}`
  const letter = {
    kind: 'confirmation',
    addon: name ?? resourceId,
    link,
    until: confirmBy,
  } as const
  const sent = await deps.mailer.send(address, letter)
  if (sent.outcome !== 'sent') {
    deps.log.warn({ resourceId, mailAddress: id, because: sent.words }, 'link for a mail address not sent')
    await setMailFailure(deps.db, id, sent.words)
  }
  return { outcome: 'asked', id, address, confirmBy, sent }
}

/** Of a mailbox, by a key that the database does not hold: who reads the table learns of nobody's address. */
async function mailboxDigestOf(deps: Pick<Deps, 'macs'>, address: string): Promise<Buffer> {
  return (await deps.macs.make('mailbox', likelyMailbox(address))).mac
}

function isSame(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase()
}

async function purge(deps: Pick<Deps, 'db'>): Promise<void> {
  await purgeMailAddresses(deps.db, PURGED_AT_ONCE)
  await purgeMailAsked(deps.db, PURGED_AT_ONCE)
}
