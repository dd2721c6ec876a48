import { mailLinkText } from '../../../domain/mail-link.ts'
import type { Delivery } from '../../../domain/notices/delivery.ts'
import { MOST_AT_ONCE } from '../../../domain/notices/due-notices.ts'
import { gather, type Mailed, mailedWithinAnHour } from '../../../domain/notices/gather.ts'
import { COLLABORATORS_TARGET, type Notice, type NoticeTarget } from '../../../domain/notices/notice.ts'
import type { Channel } from '../../../notices/channel.ts'
import type { Mailer } from '../../../notices/mail/mailer.ts'
import { findMailAddress, setMailed, setMailFailure } from '../../../store/mail-addresses.ts'
import type { Deps } from '../../deps.ts'
import { openAddress, sealerOf } from './sealed-address.ts'
import { tellCollaborators } from './tell-collaborators.ts'

/**
 * Tells notices by mail: to addresses that their readers have confirmed, and what is severe to Heroku's collaborators. An
 * address that the mail server refuses is told nothing more before a person acts.
 */
export function createMailChannel(deps: Deps): Channel {
  return {
    async deliver(target, notices, signal) {
      const { mailer } = deps
      if (target.id === COLLABORATORS_TARGET) {
        // Nobody has asked for these, so without a mail server nothing waits and nothing is missed.
        if (!mailer) return { told: notices.length }
        return await tellCollaborators({ ...deps, mailer }, target.resourceId, notices, signal)
      }
      if (!mailer) return { told: 0, failure: { words: 'this service sends no mail', lasting: false } }
      return await tellAddress(deps, mailer, target, notices, signal)
    },
  }
}

async function tellAddress(
  deps: Deps,
  mailer: Mailer,
  { resourceId, id }: NoticeTarget,
  notices: readonly Notice[],
  signal: AbortSignal,
): Promise<Delivery> {
  const stored = await findMailAddress(deps.db, id)
  // Removed meanwhile.
  if (!stored?.confirmedAt) return { told: notices.length }
  if (stored.failed) return { told: 0, failure: { words: stored.failed.words, lasting: true } }
  const { resource, sealer } = await sealerOf(deps, resourceId)
  const secrets = openAddress(sealer, stored)
  if (!secrets) return { told: 0, failure: { words: 'the address cannot be opened', lasting: false } }
  // Whoever writes the table alone confirms nobody: what is sealed says so too.
  if (secrets.confirm !== null) return { told: notices.length }
  const unsubscribe = `${deps.settings.addonUrl}/mail/unsubscribe/${mailLinkText(id, secrets.unsubscribe)}`
  const addon = resource.name ?? resourceId
  const now = deps.now()
  const isFull = notices.length >= MOST_AT_ONCE
  const { letters, waitMs } = gather(notices, { mailed: stored.mailed, now, isFull })
  let mailed: readonly Mailed[] = mailedWithinAnHour(stored.mailed, now)
  let told = 0
  for (const letter of letters) {
    const sent = await mailer.send(
      secrets.address,
      { kind: 'notices', addon, notices: letter, unsubscribe },
      signal,
    )
    if (sent.outcome !== 'sent') {
      const lasting = sent.outcome === 'refused'
      if (lasting) await setMailFailure(deps.db, id, sent.words)
      return { told, failure: { words: sent.words, lasting } }
    }
    told += letter.length
    mailed = [...mailed, { at: now.toISOString(), notices: letter.length }]
    await setMailed(deps.db, id, mailed)
  }
  return { told, ...(waitMs !== undefined && { retryAfterMs: waitMs }) }
}
