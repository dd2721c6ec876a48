import type { HerokuFailure } from '../../../domain/heroku-failure.ts'
import { readMailAddress } from '../../../domain/mail-address.ts'
import { isTeamOwner } from '../../../domain/makers.ts'
import type { Delivery } from '../../../domain/notices/delivery.ts'
import { MOST_AT_ONCE } from '../../../domain/notices/due-notices.ts'
import { gather, type LetterUnderWay, mailedWithinAnHour } from '../../../domain/notices/gather.ts'
import { isSevere, type Notice } from '../../../domain/notices/notice.ts'
import type { Mailer } from '../../../notices/mail/mailer.ts'
import { findCollaboratorMails, saveCollaboratorMails } from '../../../store/collaborator-mails.ts'
import { findResource } from '../../../store/resources.ts'
import { sessionOf } from '../../dashboard/attached-apps.ts'
import type { Deps } from '../../deps.ts'
import type { HerokuSession } from '../../heroku/heroku-session.ts'
import { readMailReaders } from './addresses.ts'

/** On more apps and more people than these nobody is told: more mails than an incident is worth. */
const MOST_APPS = 10
const MOST_PEOPLE = 50
/** While calls to Heroku wait for something better: what a revoke pushes goes first. */
const ASK_AGAIN_MS = 20_000

type WithMailer = Deps & { mailer: Mailer }

/**
 * Mails severe notices to everybody whom Heroku lists as a collaborator of an app that has the add-on, but to those who get all
 * notices anyway. Heroku is asked each time, and the addresses are kept nowhere. Where a mail fails, those who have theirs
 * get no second one, and get the next notices all the same: nobody's mailbox keeps an alarm from the others.
 */
export async function tellCollaborators(
  deps: WithMailer,
  resourceId: string,
  notices: readonly Notice[],
  signal: AbortSignal,
): Promise<Delivery> {
  const severe = notices.filter(isSevere)
  const before = await findCollaboratorMails(deps.db, resourceId)
  const now = deps.now()
  const { letters, waitMs } = gather(severe, { mailed: before.mailed, now, isFull: false })
  if (letters.length === 0) {
    return severe.length === 0 ? { told: notices.length } : { told: 0, retryAfterMs: waitMs ?? ASK_AGAIN_MS }
  }
  const people = await askPeople(deps, resourceId, signal)
  if ('delivery' in people) return people.delivery
  const underWay = continued(before.underWay, severe)
  const sent = await sendAll(deps, { resourceId, severe, people: people.people, underWay, signal })
  const lately = mailedWithinAnHour(before.mailed, now)
  const mailed = sent.most > 0 ? [...lately, { at: now.toISOString(), notices: sent.most }] : lately
  // Behind a full list newer ones wait, so who cannot be reached is left behind.
  if (sent.failed.length > 0 && !(notices.length >= MOST_AT_ONCE && sent.had > 0)) {
    await saveCollaboratorMails(deps.db, resourceId, { ...before, underWay: sent.underWay, mailed })
    return { told: 0, failure: { words: sent.failed[0] ?? '', lasting: false } }
  }
  const unreached = sent.underWay.refused.length + sent.failed.length
  const reached = sent.had - sent.underWay.refused.length
  await saveCollaboratorMails(deps.db, resourceId, {
    toldAt: now,
    reached,
    unreached,
    underWay: null,
    mailed,
  })
  return { told: notices.length }
}

/** What some have already, where it is the same that is to be told now. */
function continued(underWay: LetterUnderWay | null, severe: readonly Notice[]): LetterUnderWay {
  const letter = severe[0]?.id ?? ''
  return underWay?.letter === letter ? underWay : { letter, had: {}, refused: [] }
}

type Sending = {
  resourceId: string
  severe: readonly Notice[]
  people: readonly string[]
  underWay: LetterUnderWay
  signal: AbortSignal
}

/**
 * `most`: notices in the longest letter that was sent; `had`: how many people have, or need, nothing more; `failed`: why not.
 */
type Sent = { underWay: LetterUnderWay; most: number; had: number; failed: string[] }

/** Sends each of them what he has not had. */
async function sendAll(
  deps: WithMailer,
  { resourceId, severe, people, underWay, signal }: Sending,
): Promise<Sent> {
  const addon = (await findResource(deps.db, resourceId))?.name ?? resourceId
  const had: Record<string, number> = { ...underWay.had }
  const refused = new Set(underWay.refused)
  const failed: string[] = []
  let most = 0
  await Promise.all(
    people.map(async (address) => {
      const digest = (await deps.macs.make('mailbox', address)).mac.toString('base64url')
      const notices = severe.slice(had[digest] ?? 0)
      if (notices.length === 0) return
      const sent = await deps.mailer.send(address, { kind: 'notices', addon, notices }, signal)
      if (sent.outcome === 'failed') {
        failed.push(sent.words)
        return
      }
      had[digest] = severe.length
      most = Math.max(most, notices.length)
      if (sent.outcome === 'refused') refused.add(digest)
      else refused.delete(digest)
    }),
  )
  const done = Object.values(had).filter((notices) => notices === severe.length).length
  return { underWay: { letter: underWay.letter, had, refused: [...refused] }, most, had: done, failed }
}

/** Whom Heroku lists, each address once; or why nobody is mailed now. */
async function askPeople(
  deps: Deps,
  resourceId: string,
  signal: AbortSignal,
): Promise<{ people: string[] } | { delivery: Delivery }> {
  const session = await sessionOf({ ...deps, platform: deps.quietPlatform }, resourceId, signal)
  if (!session) return { delivery: { told: 0, retryAfterMs: ASK_AGAIN_MS } }
  const listed = await listPeople(session)
  if ('failure' in listed) return { delivery: deliveryOf(listed.failure) }
  const others = await confirmedReaders(deps, resourceId)
  const addresses = listed.people.flatMap((email) => {
    const read = readMailAddress(email)
    return 'address' in read && !isTeamOwner(email) ? [read.address.toLowerCase()] : []
  })
  if (addresses.length === 0) return { delivery: { told: 0, failure: { words: NOBODY, lasting: true } } }
  const people = [...new Set(addresses)].filter((address) => !others.has(address))
  return { people: people.slice(0, MOST_PEOPLE) }
}

const NOBODY = 'Heroku shows us nobody who works on the app'

async function listPeople(
  session: HerokuSession,
): Promise<{ people: string[] } | { failure: HerokuFailure }> {
  const attached = await session.listAttachments()
  if (!attached.ok) return { failure: attached.failure }
  const appIds = [...new Set(attached.value.map(({ appId }) => appId))].slice(0, MOST_APPS)
  const people: string[] = []
  for (const appId of appIds) {
    const listed = await session.listCollaborators(appId)
    if (listed.ok) people.push(...listed.value.flatMap(({ email }) => (email === null ? [] : [email])))
    // A list that we may not see is not waited for.
    else if (!['refused', 'missing'].includes(listed.failure.kind)) return { failure: listed.failure }
  }
  return { people }
}

function deliveryOf({ kind }: HerokuFailure): Delivery {
  if (kind === 'held-back' || kind === 'postponed') return { told: 0, retryAfterMs: ASK_AGAIN_MS }
  // The legacy API never does, so nothing is tried again.
  const lasting = kind === 'not-offered'
  return { told: 0, failure: { words: 'Heroku did not say who works on the app', lasting } }
}

/** Those who get all notices, severe ones too. */
async function confirmedReaders(deps: Deps, resourceId: string): Promise<Set<string>> {
  const { addresses } = await readMailReaders(deps, resourceId)
  const told = addresses.filter(({ confirmedAt, failed }) => confirmedAt !== null && !failed)
  return new Set(told.map(({ address }) => address.toLowerCase()))
}
