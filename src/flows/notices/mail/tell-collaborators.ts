import type { HerokuFailure } from '../../../domain/heroku-failure.ts'
import { readMailAddress } from '../../../domain/mail-address.ts'
import { isTeamOwner } from '../../../domain/makers.ts'
import type { Delivery } from '../../../domain/notices/delivery.ts'
import { gather, type LetterUnderWay, mailedWithinAnHour } from '../../../domain/notices/gather.ts'
import { isSevere, type Notice } from '../../../domain/notices/notice.ts'
import type { Letter } from '../../../notices/mail/letters.ts'
import type { Mailer } from '../../../notices/mail/mailer.ts'
import {
  type CollaboratorMails,
  findCollaboratorMails,
  saveCollaboratorMails,
} from '../../../store/collaborator-mails.ts'
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
 * get no second one.
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
  const underWay = continued(before.underWay, severe)
  const letter = severe.slice(0, underWay.notices)
  const people = await askPeople(deps, resourceId, signal)
  if ('delivery' in people) return people.delivery
  const after = await sendAll(deps, { resourceId, letter, people: people.people, underWay, signal })
  if ('failure' in after) {
    await saveCollaboratorMails(deps.db, resourceId, { ...before, underWay: after.underWay })
    return { told: 0, failure: after.failure }
  }
  const { to, refused } = after.underWay
  const mailed = [
    ...mailedWithinAnHour(before.mailed, now),
    { at: now.toISOString(), notices: letter.length },
  ]
  const done: CollaboratorMails = {
    ...{ toldAt: now, reached: to.length - refused, unreached: refused },
    ...{ underWay: null, mailed },
  }
  await saveCollaboratorMails(deps.db, resourceId, done)
  return { told: toldOf(notices, severe, letter.length) }
}

/** The letter that some have already, as it was; a new one has all that there is to tell. */
function continued(underWay: LetterUnderWay | null, severe: readonly Notice[]): LetterUnderWay {
  const [first] = severe
  if (underWay && first?.id === underWay.letter && underWay.notices <= severe.length) return underWay
  return { letter: first?.id ?? '', notices: severe.length, to: [], refused: 0 }
}

/** How far the list is told when so many of the severe ones are. */
function toldOf(notices: readonly Notice[], severe: readonly Notice[], sent: number): number {
  const next = severe[sent]
  return next ? notices.indexOf(next) : notices.length
}

type Sending = {
  resourceId: string
  letter: readonly Notice[]
  people: readonly string[]
  underWay: LetterUnderWay
  signal: AbortSignal
}

async function sendAll(
  deps: WithMailer,
  { resourceId, letter, people, underWay, signal }: Sending,
): Promise<
  | { underWay: LetterUnderWay; failure?: never }
  | { underWay: LetterUnderWay; failure: NonNullable<Delivery['failure']> }
> {
  const addon = (await findResource(deps.db, resourceId))?.name ?? resourceId
  const mail: Letter = { kind: 'notices', addon, notices: letter }
  const to = [...underWay.to]
  let { refused } = underWay
  let failed: string | undefined
  await Promise.all(
    people.map(async (address) => {
      const digest = (await deps.macs.make('mailbox', address)).mac.toString('base64url')
      if (underWay.to.includes(digest)) return
      const sent = await deps.mailer.send(address, mail, signal)
      if (sent.outcome === 'failed') failed = sent.words
      else to.push(digest)
      if (sent.outcome === 'refused') refused += 1
    }),
  )
  const after = { ...underWay, to, refused }
  return failed === undefined
    ? { underWay: after }
    : { underWay: after, failure: { words: failed, lasting: false } }
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
